"""Everything that is planned, measured and concluded, as frozen records with one schema version.

Base units, with the unit in the field's name. Nothing is rounded or dropped; "unavailable" is None, never 0.
A `Launch` is one fresh process and the unit of replication; its samples stay in time order inside it.
"""

from resnet_bench.records.base import SCHEMA_VERSION, Record
from resnet_bench.records.ceilings import Bandwidth, Ceilings, Rate, arithmetic
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
from resnet_bench.records.layer_times import LayerProfile, LayerTime, Part, TimedBy
from resnet_bench.records.plan import Case, Executor, MemoryFormat, Mode, Precision, Protocol, Transfer
from resnet_bench.records.profiles import Layer, Optimizer, PredictedMemory, Profile, Work
from resnet_bench.records.runs import Commit, Environment, Header, Identity, LayerScope, MachineState, Measurement, Run

__all__ = [
    "SCHEMA_VERSION",
    "Band",
    "BandSource",
    "Bandwidth",
    "Case",
    "CaseDigest",
    "Ceilings",
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
    "LayerProfile",
    "LayerScope",
    "LayerTime",
    "MachineState",
    "Measurement",
    "Memory",
    "MemoryFormat",
    "Mode",
    "Optimizer",
    "Part",
    "Phases",
    "Precision",
    "PredictedMemory",
    "Profile",
    "Protocol",
    "Rate",
    "Record",
    "Run",
    "Samples",
    "Skip",
    "SkipReason",
    "StopReason",
    "Summary",
    "TimedBy",
    "TimingProtocol",
    "Transfer",
    "Verdict",
    "VerdictTable",
    "Warmup",
    "Work",
    "arithmetic",
]
