"""What a child answers: one JSON line, told apart by its tag."""

from resnet_bench.errors import ResNetBenchError, UsageError, named
from resnet_bench.records import Environment, LayerProfile, Precision, Profile, Record


class Unsupported(Record, frozen=True, kw_only=True):
    """What cannot be run at all, and so is measured no more than it is profiled; `key` as `profile_key` has it."""

    key: tuple[str | int, ...]
    detail: str


class Profiled(Record, frozen=True, kw_only=True, tag="profiled"):
    """Profiles in the order asked for; `refusals` are (model, why) of those that cannot be made."""

    profiles: tuple[Profile, ...]
    refusals: tuple[tuple[str, str], ...] = ()
    unsupported: tuple[Unsupported, ...] = ()


class Probed(Record, frozen=True, kw_only=True, tag="probed"):
    """The device found, the machine, and the static profiles that were asked for with it.

    `falsified` says which variables of its environment make figures of the device other ones than they are called.
    """

    device: str
    environment: Environment
    profiled: Profiled = Profiled(profiles=())
    falsified: tuple[str, ...] = ()

    def refuse_falsified(self) -> None:
        """Refuse to measure there.

        Raises:
            UsageError: with the variable and what to do.
        """
        if self.falsified:
            raise UsageError(self.falsified[0])


class Dissected(Record, frozen=True, kw_only=True, tag="dissected"):
    """The layers of a case whose device is named as it was found, and the machine."""

    layers: LayerProfile
    environment: Environment


class Fits(Record, frozen=True, kw_only=True, tag="fits"):
    """The case fits; its second iteration took `iteration_s`."""

    iteration_s: float
    peak_allocated_bytes: int | None


class Known(Record, frozen=True, kw_only=True, tag="known"):
    """All models that were asked for are there.

    `inputs` are their own, one for each, as `records.inputs` has them; `precisions` those that they are built in.
    """

    inputs: tuple[str, ...] = ()
    precisions: tuple[Precision, ...] = ()


class Failed(Record, frozen=True, kw_only=True, tag="failed"):
    """The child could not do what was asked, for a reason the user can mend; `error` is the class of the exception."""

    error: str
    message: str

    @classmethod
    def of(cls, error: ResNetBenchError) -> "Failed":
        """Return what is said of an error."""
        return cls(error=type(error).__name__, message=str(error))

    def exception(self) -> ResNetBenchError:
        """Return the error as the child raised it."""
        return named(self.error)(self.message)


class Converted(Record, frozen=True, kw_only=True, tag="converted"):
    """What a network was converted to, and what of it a process without torch must be told.

    `input_sha256` is of the input that eager float32 gets; `weights` and `batch_norm_statistics` are words.
    """

    convert_s: float
    sha256: str
    size_bytes: int
    input_sha256: str
    environment: str
    weights: str
    batch_norm_statistics: str
