"""NVML as the driver of a simulated device would answer: of the moment in which it is asked."""

# ruff: noqa: N802, N815 - the names are NVML's own

import types
from types import SimpleNamespace

from tests.simulated_device import SimulatedDevice

UUID = "5eed"


class SimulatedNvml(types.ModuleType):
    """The part of pynvml that is read; every reading takes the host's time."""

    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0
    NVML_PERF_POLICY_POWER, NVML_PERF_POLICY_THERMAL = 0, 1
    NVML_FEATURE_ENABLED, NVML_DEVICE_MIG_ENABLE = 1, 1
    nvmlClocksThrottleReasonSwPowerCap = 0x4
    nvmlClocksThrottleReasonHwSlowdown = 0x8
    nvmlClocksThrottleReasonSwThermalSlowdown = 0x20

    class NVMLError(Exception):
        pass

    def __init__(self, device: SimulatedDevice) -> None:
        super().__init__("pynvml")
        self.device = device
        self.sessions = 0
        self.reasons = 0x0  # beside the power cap, which is the device's own doing

    def nvmlInit(self):
        if self.sessions == 0:
            self.device.work(self.device.card.session_s)
        self.sessions += 1

    def nvmlShutdown(self):
        self.sessions -= 1

    def _tell(self, name, value):
        if self.sessions < 1:
            raise self.NVMLError("Uninitialized")
        if name in self.device.card.silent:
            raise self.NVMLError("Not Supported")
        return value

    def nvmlSystemGetDriverVersion(self):
        return "580.95.05"

    def nvmlDeviceGetCount(self):
        return 1

    def nvmlDeviceGetHandleByUUID(self, uuid):
        if uuid != f"GPU-{UUID}":
            raise self.NVMLError("Not Found")
        return uuid

    def nvmlDeviceGetClockInfo(self, _handle, kind):
        hertz = self.device.reading().clock_hz if kind == self.NVML_CLOCK_SM else 2.619e9
        return self._tell("clocks", round(hertz / 1e6))

    def nvmlDeviceGetTemperature(self, _handle, _sensor):
        return self._tell("temperature", round(self.device.reading().temperature_c))

    def nvmlDeviceGetPowerUsage(self, _handle):
        return self._tell("power", round(self.device.reading().power_w * 1e3))

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, _handle):
        capped = self.nvmlClocksThrottleReasonSwPowerCap * self.device.reading().capped
        return self._tell("reasons", capped | self.reasons)

    def nvmlDeviceGetEnforcedPowerLimit(self, _handle):
        return self._tell("limit", round(self.device.card.limit_w * 1e3))

    def nvmlDeviceGetViolationStatus(self, _handle, policy):
        self.device.account()
        seconds = self.device.capped_s if policy == self.NVML_PERF_POLICY_POWER else 0.0
        return self._tell("violations", SimpleNamespace(violationTime=round(seconds * 1e9), referenceTime=0))

    def nvmlDeviceGetTotalEnergyConsumption(self, _handle):
        self.device.work(self.device.card.reading_s)
        self.device.account()
        return self._tell("energy", round(self.device.counter_j * 1e3))

    def nvmlDeviceGetEccMode(self, _handle):
        return self._tell("ecc", [1, 1])

    def nvmlDeviceGetPersistenceMode(self, _handle):
        return self._tell("persistence", 1)

    def nvmlDeviceGetMigMode(self, _handle):
        return self._tell("mig", [0, 0])

    def nvmlDeviceGetComputeRunningProcesses(self, _handle):
        found = [SimpleNamespace(pid=pid, usedGpuMemory=held) for pid, held in self.device.card.processes]
        return self._tell("processes", found)
