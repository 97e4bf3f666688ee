"""What NVML said of two devices, replayed to the code that reads it."""

# ruff: noqa: N802, N815 - the names are NVML's own

import os
import types
from types import SimpleNamespace

# Two devices; NVML numbers them the other way round, as it does where CUDA_DEVICE_ORDER is the default.
UUIDS = ("1111", "2222")


class Recorded(types.ModuleType):
    """What pynvml answered; a value that is an error is raised, as where a device cannot tell."""

    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0
    NVML_PERF_POLICY_POWER, NVML_PERF_POLICY_THERMAL = 0, 1
    nvmlClocksThrottleReasonSwPowerCap = 0x4
    nvmlClocksThrottleReasonHwSlowdown = 0x8
    nvmlClocksThrottleReasonSwThermalSlowdown = 0x20

    class NVMLError(Exception):
        pass

    def __init__(self):
        super().__init__("pynvml")
        self.sessions = 0
        self.values = {"clocks": {1: 1755, 2: 2619}, "temperature": 61, "power": 412_345, "reasons": 0x24}
        self.values |= {"limit": 700_000, "ecc": [1, 1], "persistence": 1, "violations": {0: 5_000_000, 1: 0}}
        self.millijoules = iter(range(10_000_000, 99_000_000, 700_000))
        self.processes = [SimpleNamespace(pid=os.getpid(), usedGpuMemory=3 * 2**30)]

    def nvmlInit(self):
        self.sessions += 1

    def nvmlShutdown(self):
        self.sessions -= 1

    def nvmlSystemGetDriverVersion(self):
        return "570.86.15"

    def nvmlSystemGetCudaDriverVersion_v2(self):
        return 12080

    def nvmlDeviceGetCount(self):
        return 2

    def nvmlDeviceGetHandleByIndex(self, index):
        return f"GPU-{UUIDS[1 - index]}"

    def nvmlDeviceGetName(self, _handle):
        return PROPERTIES.name

    def nvmlDeviceGetHandleByUUID(self, uuid):
        if uuid not in {f"GPU-{each}" for each in UUIDS}:
            raise self.NVMLError("Not Found")
        return uuid

    def _tell(self, value):
        if value is None:
            raise self.NVMLError("Not Supported")
        return value

    def nvmlDeviceGetClockInfo(self, _handle, kind):
        return self._tell(self.values["clocks"] and self.values["clocks"][kind])

    def nvmlDeviceGetTemperature(self, _handle, _sensor):
        return self._tell(self.values["temperature"])

    def nvmlDeviceGetPowerUsage(self, handle):
        return self._tell(self.values["power"] if handle == "GPU-1111" else 99_000)

    def nvmlDeviceGetEnforcedPowerLimit(self, _handle):
        return self._tell(self.values["limit"])

    def nvmlDeviceGetEccMode(self, _handle):
        return self._tell(self.values["ecc"])

    def nvmlDeviceGetPersistenceMode(self, _handle):
        return self._tell(self.values["persistence"])

    def nvmlDeviceGetViolationStatus(self, _handle, policy):
        counted = self._tell(self.values["violations"])
        return SimpleNamespace(violationTime=counted[policy], referenceTime=0)

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, _handle):
        return self._tell(self.values["reasons"])

    def nvmlDeviceGetTotalEnergyConsumption(self, _handle):
        return self._tell(next(self.millijoules, None))

    def nvmlDeviceGetComputeRunningProcesses(self, _handle):
        return self._tell(self.processes)


PROPERTIES = SimpleNamespace(name="NVIDIA H100 80GB HBM3", total_memory=80 * 2**30)
