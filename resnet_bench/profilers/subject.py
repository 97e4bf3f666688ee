"""What is to be profiled: a model with its arguments and its input, before torch is needed for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resnet_bench import specs
from resnet_bench.records import arguments as spelled
from resnet_bench.records.inputs import ModelInput, parse
from resnet_bench.specs import Spec

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class StaticSubject:
    """One model to profile.

    Attributes:
        model: its spec, or its external name.
        input: what goes in.
        arguments: what it is built with.
    """

    model: Spec | str
    input: ModelInput
    arguments: str = ""

    @classmethod
    def of(
        cls,
        model: str | Spec,
        *,
        image_size: int | None = None,
        input: str = "",  # noqa: A002 - the axis' name
        arguments: str = "",
    ) -> "StaticSubject":
        """Find a model and its own input, which `image_size` or `input` replace.

        Raises:
            ModelError: there is no such model, or it has no such arguments or cannot take the input.
        """
        if isinstance(model, str) and not specs.is_external(model):
            model = specs.find(model)
        if isinstance(model, Spec):
            model = specs.with_arguments(specs.check_architecture(model), spelled.from_text(arguments))
            own = model.own_input
        elif input:
            own = parse(input)
        else:
            from resnet_bench.models import external  # noqa: PLC0415 - torch only where it is needed

            own = external.look_up(model, arguments=spelled.from_text(arguments))
        wanted = parse(input) if input else own if image_size is None else own.sized(image_size)
        if isinstance(model, Spec):
            specs.check_input(model, wanted)
        return cls(model, wanted, arguments)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name if isinstance(self.model, Spec) else self.model

    @property
    def has_closed_form(self) -> bool:
        """Whether it is counted without torch: an architecture of ours on square images."""
        return isinstance(self.model, Spec) and self.input == self.model.own_input.sized(self.input.image_size)

    @property
    def spec(self) -> Spec:
        """The architecture of one that has a closed form."""
        assert isinstance(self.model, Spec)  # noqa: S101 - asked for only then
        return self.model

    def build(self, *, with_data: bool = False) -> "nn.Module":
        """Return a new module, on the meta device, or with data on the host.

        Raises:
            ModelError: it cannot be built.
        """
        from resnet_bench.machine.devices import HOST  # noqa: PLC0415
        from resnet_bench.models import create_model  # noqa: PLC0415 - torch only where it is needed

        built_with = spelled.from_text(self.arguments)
        return create_model(self.model, device=HOST if with_data else "meta", arguments=built_with)
