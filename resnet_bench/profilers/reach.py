"""What a forward pass' tensors come from: the input, the parameters, the trained ones among them; by their storages."""

from torch import Tensor, nn

from resnet_bench.profilers.parameters import storage_key


class Reach:
    """Follows operators one by one, by the storages of what goes in and comes out."""

    def __init__(self, module: nn.Module, inputs: list[Tensor]) -> None:
        parameters = list(module.parameters())
        self.input = set(map(storage_key, inputs))
        self.weights = {storage_key(each) for each in parameters}
        self.trained = {storage_key(each) for each in parameters if each.requires_grad}
        self._kept: list[Tensor] = []  # every tensor, so that no address is used twice

    def follow(self, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        """Take in one operator call."""
        self._kept += outputs
        sources, results = set(map(storage_key, inputs)), set(map(storage_key, outputs))
        for reached in (self.input, self.weights, self.trained):
            if not reached.isdisjoint(sources):
                reached.update(results)

    def is_of_input(self, tensor: Tensor) -> bool:
        """Whether a tensor depends on the input."""
        return storage_key(tensor) in self.input

    def is_weight(self, tensor: Tensor) -> bool:
        """Whether a tensor is made of parameters alone: one itself, or one normalised, masked or adapted."""
        return storage_key(tensor) in self.weights and not self.is_of_input(tensor)

    def is_trained(self, tensor: Tensor) -> bool:
        """Whether a gradient flows through a tensor."""
        return storage_key(tensor) in self.trained
