"""What one iteration of a callable network does: a forward pass, or forward, backward and optimizer step."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from resnet_bench.errors import UnsupportedError
from resnet_bench.executors.protocol import Placed, Prepared, Step
from resnet_bench.records import Mode, Transfer
from resnet_bench.specs.arithmetic import arithmetic

LEARNING_RATE = 1e-4
MOMENTUM = 0.9


def prepared(placed: Placed, model: Callable[[Tensor], Tensor]) -> Prepared:
    """Return the iteration of a case; `model` is what runs the network."""
    if placed.case.mode is Mode.TRAINING:
        return _training(placed, model)
    return Prepared(iterate=_inference(placed, model))


def _inference(placed: Placed, model: Callable[[Tensor], Tensor]) -> Callable[[], Tensor]:
    images = placed.images
    if placed.autocast_dtype is None and placed.transfer is Transfer.EXCLUDED:
        return lambda: model(images)

    def iterate() -> Tensor:
        with placed.autocast():
            return model(placed.input())

    return iterate


def _training(placed: Placed, model: Callable[[Tensor], Tensor]) -> Prepared:
    parameters = [parameter for parameter in placed.network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=MOMENTUM)
    scales = arithmetic(placed.case.precision).scales_loss
    scaler = torch.amp.GradScaler(placed.device.type, enabled=scales)
    criterion = nn.CrossEntropyLoss()
    targets = torch.randint(_classes(placed.network), (placed.case.batch_size,)).to(placed.device)

    def forward() -> Tensor:
        with placed.autocast():
            return criterion(model(placed.input()), targets)  # type: ignore[no-any-return]

    def backward(loss: Tensor) -> None:
        scaler.scale(loss).backward()

    def update() -> None:
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)

    def iterate() -> Tensor:
        loss = forward()
        backward(loss)
        update()
        return loss

    return Prepared(iterate=iterate, step=Step(forward, backward, update), optimizer=optimizer)


def _classes(network: nn.Module) -> int:
    linears = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if not linears:
        raise UnsupportedError("training needs a last linear layer, whose outputs are the classes; found none.")
    return linears[-1].out_features
