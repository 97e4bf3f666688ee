"""Everything that is planned, measured and concluded, as frozen records with one schema version.

Base units, with the unit in the field's name. Nothing is rounded or dropped; "unavailable" is None, never 0.
A `Launch` is one fresh process and the unit of replication; its samples stay in time order inside it.
"""

from resnet_bench.records.base import SCHEMA_VERSION, Record
from resnet_bench.records.conclusions import (
    Band,
    BandSource,
    CaseDigest,
    Comparison,
    Difference,
    Digest,
    GeometricMean,
    Interval,
    Summary,
    Verdict,
    VerdictTable,
)
from resnet_bench.records.launches import (
    Compilation,
    Contention,
    DeviceState,
    Energy,
    Executed,
    Launch,
    Memory,
    Phases,
    Samples,
    Skip,
    SkipReason,
    StopReason,
    TimingProtocol,
    Warmup,
)
from resnet_bench.records.plan import Case, Executor, MemoryFormat, Mode, Precision, Protocol, Transfer
from resnet_bench.records.profiles import Layer, Optimizer, PredictedMemory, Profile
from resnet_bench.records.runs import Commit, Environment, Header, Identity, MachineState, Measurement, Run, Shard

__all__ = [
    "SCHEMA_VERSION",
    "Band",
    "BandSource",
    "Case",
    "CaseDigest",
    "Commit",
    "Comparison",
    "Compilation",
    "Contention",
    "DeviceState",
    "Difference",
    "Digest",
    "Energy",
    "Environment",
    "Executed",
    "Executor",
    "GeometricMean",
    "Header",
    "Identity",
    "Interval",
    "Launch",
    "Layer",
    "MachineState",
    "Measurement",
    "Memory",
    "MemoryFormat",
    "Mode",
    "Optimizer",
    "Phases",
    "Precision",
    "PredictedMemory",
    "Profile",
    "Protocol",
    "Record",
    "Run",
    "Samples",
    "Shard",
    "Skip",
    "SkipReason",
    "StopReason",
    "Summary",
    "TimingProtocol",
    "Transfer",
    "Verdict",
    "VerdictTable",
    "Warmup",
]
