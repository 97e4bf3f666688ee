"""The exact static cost of a network, layer by layer."""

from enum import StrEnum

from resnet_bench.records.base import Record
from resnet_bench.records.bounds import Count, Index, NonNegativeCount, NonNegativeNumber, Size
from resnet_bench.records.plan import Case, Mode, Optimizer, Precision


class Layer(Record, frozen=True, kw_only=True):
    """One module call of the network. Shapes include the batch; counts are for the whole batch."""

    name: str
    type: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: NonNegativeCount
    macs: NonNegativeCount
    flops: NonNegativeCount
    other_flops: NonNegativeCount
    activations: NonNegativeCount
    bytes_read: NonNegativeCount
    bytes_written: NonNegativeCount
    arithmetic_intensity: NonNegativeNumber | None


class Update(StrEnum):
    """How an optimizer's step goes: one weight after another, or all of them at once, as torch does on accelerators."""

    FOR_LOOP = "for_loop"
    FOREACH = "foreach"


class PredictedMemory(Record, frozen=True, kw_only=True):
    """Predicted bytes of one iteration, convolution workspace and the allocator's rounding excluded.

    `activations_bytes` is what the backward pass keeps, or in inference the peak of live activations. At a training
    step's peak some gradients are not there yet, some activations have gone (`absent_bytes`), and gradients of
    activations are on their way (`temporary_bytes`), so that `peak_bytes` = weights + buffers + input + gradients +
    optimizer + activations + temporary - absent. `rounding_bytes` is what torch's caching allocator adds to that on a
    device by rounding blocks up; records of before it was known have 0.
    """

    weights_bytes: NonNegativeCount
    buffers_bytes: NonNegativeCount
    input_bytes: NonNegativeCount
    gradients_bytes: NonNegativeCount
    optimizer_bytes: NonNegativeCount
    activations_bytes: NonNegativeCount
    temporary_bytes: NonNegativeCount = 0
    absent_bytes: NonNegativeCount = 0
    rounding_bytes: NonNegativeCount = 0
    peak_bytes: NonNegativeCount

    def on_device(self, beside_bytes: int | None, late_bytes: int = 0) -> int:
        """Return the predicted peak on a device: with its allocator's rounding and what else of it is known.

        `beside_bytes` is the workspace of its library of products and the like, None where nothing is known of it;
        `late_bytes` of it come with the last layer, where activations have gone.
        """
        if beside_bytes is None:
            return self.peak_bytes
        at_last = self.weights_bytes + self.buffers_bytes + self.input_bytes + beside_bytes
        return max(self.peak_bytes + beside_bytes - late_bytes, at_last) + self.rounding_bytes


class Work(Record, frozen=True, kw_only=True):
    """What one iteration asks of a device in `count` layers alike: FLOPs and bytes moved of one of them.

    `fusable` says that a compiler may do it on the way of its neighbour, so that its bytes need not be moved.
    """

    flops: NonNegativeCount
    moved_bytes: NonNegativeCount
    count: Count = 1
    fusable: bool = False


class Profile(Record, frozen=True, kw_only=True):
    """The exact static cost of a model at one batch size, image size, mode and precision.

    `macs`, `flops` and `other_flops` are of the forward pass, whatever the mode; `training_flops` is forward and
    backward. `weighted_layers` counts convolutions and linear layers, projections included. `buffers` are elements.

    `macs` counts convolution and linear layers; `flops` is 2 x `macs`. `fvcore_count` and
    `torch_counter_flops` are what those tools say, under their own conventions; `torch_forward_flops` is torch's of the
    forward pass in eval mode, and `macs_beyond_torch` are MACs of operators that it leaves out. `work` is what a run
    keeps of the layers: the whole iteration's, equal ones counted; empty where the layers themselves stand here.
    `input`, `arguments` and `optimizer`, by which memory was predicted, are as a case has them.
    """

    model: str
    mode: Mode
    precision: Precision
    batch_size: Size
    image_size: Index
    parameters: NonNegativeCount
    trainable_parameters: NonNegativeCount
    buffers: NonNegativeCount
    parameter_bytes: NonNegativeCount
    predicted_memory: PredictedMemory | None
    macs: NonNegativeCount
    flops: NonNegativeCount
    other_flops: NonNegativeCount
    training_flops: NonNegativeCount
    fvcore_count: NonNegativeCount | None
    torch_counter_flops: NonNegativeCount | None
    activations: NonNegativeCount
    activation_bytes: NonNegativeCount
    weighted_layers: NonNegativeCount
    layers: tuple[Layer, ...] = ()
    uncounted_operators: tuple[str, ...] = ()
    work: tuple[Work, ...] = ()
    input: str = ""
    arguments: str = ""
    optimizer: Optimizer = Optimizer.MOMENTUM
    torch_forward_flops: NonNegativeCount | None = None
    macs_beyond_torch: NonNegativeCount = 0

    @property
    def unexplained_flops(self) -> int:
        """What torch's own counter has more than ours, or less, of the same forward pass, for no reason known here."""
        if self.torch_forward_flops is None:
            return 0
        return self.torch_forward_flops - 2 * (self.macs - self.macs_beyond_torch)


ProfileKey = tuple[str | int, ...]
STATIC = ("model", "mode", "precision", "batch_size", "image_size", "input", "arguments", "optimizer")


def profile_key(subject: Profile | Case) -> ProfileKey:
    """Return what a profile and its case share: all that changes what is counted."""
    return tuple(getattr(subject, name) for name in STATIC)
