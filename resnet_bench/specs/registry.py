"""Every architecture that has a name here, and how a name is found. External models are named, not known."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from resnet_bench.errors import ModelError, nearest
from resnet_bench.specs.architecture import Block, Layout, Spec
from resnet_bench.specs.variants import Attention, Downsample, Stem

_BASIC = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
_BOTTLENECK = {
    14: (1, 1, 1, 1),
    26: (2, 2, 2, 2),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}
_DEPTHS = tuple(sorted(_BASIC | _BOTTLENECK))
_PREACT_DEPTHS = (18, 34, 50, 101, 152, 200)
_GROUPED = (
    ("resnext50_32x4d", "resnext", 50, 32, 4),
    ("resnext101_32x4d", "resnext", 101, 32, 4),
    ("resnext101_32x8d", "resnext", 101, 32, 8),
    ("resnext101_64x4d", "resnext", 101, 64, 4),
    ("wide_resnet50_2", "wide_resnet", 50, 1, 128),
    ("wide_resnet101_2", "wide_resnet", 101, 1, 128),
)
_D_DEPTHS = (18, 26, 34, 50, 101, 152, 200)
_SE_DEPTHS = (18, 34, 50, 101, 152)
_CIFAR_DEPTHS = (20, 32, 44, 56, 110, 1202)
_CIFAR_64_DEPTHS = (18, 34, 50)
_CIFAR_PREACT_DEPTHS = (164, 1001)
_CIFAR_WIDE = ((16, 8), (28, 10), (40, 4))
_IMAGENET_SIZE, _IMAGENET_CLASSES = 224, 1000
_CIFAR_SIZE, _CIFAR_CLASSES = 32, 10

EXTERNAL_IMAGE_SIZE = 224
# Models of these are what is installed; others' are named by the module that builds them.
INSTALLED_PACKAGES = frozenset({"torchvision", "timm"})
EXTERNAL_FORMS = ("torchvision:NAME", "timm:NAME", "package.module:callable")


def names() -> tuple[str, ...]:
    """Return the registry's names, family by family and by depth."""
    return tuple(_registry())


def find(name: str) -> Spec:
    """Return the architecture called `name`.

    Raises:
        ModelError: no such name; the message has the nearest one.
    """
    try:
        return _registry()[name]
    except KeyError:
        raise ModelError(
            f"unknown model '{name}'.{nearest(name, _registry())} See 'resnet-bench list'; "
            f"other packages' models are written {', '.join(EXTERNAL_FORMS)}."
        ) from None


def is_external(name: str) -> bool:
    """Return whether `name` is a model of another package: torchvision:NAME, timm:NAME, package.module:callable."""
    return ":" in name


def matching(asked: Iterable[str], own: Iterable[str] = ()) -> tuple[str, ...]:
    """Return names with each pattern ('resnet*') replaced by the names like it, of the registry and of `own`.

    Raises:
        ModelError: no model is called like a pattern, or it is one of another package's models.
    """
    known = dict.fromkeys([*own, *names()])
    found: dict[str, None] = {}
    for each in asked:
        if not set(each) & set("*?["):
            found[each] = None
            continue
        if is_external(each):
            raise ModelError(
                f"'{each}': patterns choose among this package's models; name those of another one by one."
            )
        like = [name for name in known if fnmatchcase(name, each)]
        if not like:
            raise ModelError(f"no model is called like '{each}'.{nearest(each, known)}")
        found |= dict.fromkeys(like)
    return tuple(found)


_SOURCES = {
    "resnet": "He et al. 2015, arXiv:1512.03385",
    "resnet_v1": "He et al. 2015, arXiv:1512.03385",
    "resnext": "Xie et al. 2016, arXiv:1611.05431",
    "wide_resnet": "Zagoruyko and Komodakis 2016, arXiv:1605.07146",
    "resnet_d": "He et al. 2018, arXiv:1812.01187",
    "seresnet": "Hu et al. 2017, arXiv:1709.01507",
    "preact_resnet": "He et al. 2016, arXiv:1603.05027",
    "cifar_resnet": "He et al. 2015, arXiv:1512.03385",
    "cifar_resnet64": "He et al. 2015, arXiv:1512.03385",
    "cifar_preact_resnet": "He et al. 2016, arXiv:1603.05027",
    "cifar_wrn": "Zagoruyko and Komodakis 2016, arXiv:1605.07146",
}


def source(family: str) -> str:
    """Return the paper that describes a family of the registry; nothing for a family of somebody's own."""
    return _SOURCES.get(family, "")


@cache
def _registry() -> dict[str, Spec]:
    specs = [
        *(_imagenet(f"resnet{depth}", "resnet", depth, Layout.V1_5) for depth in _DEPTHS),
        *(_imagenet(f"resnet{depth}_v1", "resnet_v1", depth, Layout.V1) for depth in _DEPTHS),
        *(
            _imagenet(name, family, depth, Layout.V1_5, groups=groups, width=width)
            for name, family, depth, groups, width in _GROUPED
        ),
        *(
            _imagenet(f"resnet{depth}d", "resnet_d", depth, Layout.V1_5, stem=Stem.DEEP, downsample=Downsample.AVG)
            for depth in _D_DEPTHS
        ),
        *(
            _imagenet(f"seresnet{depth}", "seresnet", depth, Layout.V1_5, attention=Attention.SE)
            for depth in _SE_DEPTHS
        ),
        *(_imagenet(f"preact_resnet{depth}", "preact_resnet", depth, Layout.V2) for depth in _PREACT_DEPTHS),
        *(_cifar(f"cifar_resnet{depth}", "cifar_resnet", depth, Layout.V1) for depth in _CIFAR_DEPTHS),
        *(_cifar_64(f"cifar_resnet{depth}", depth) for depth in _CIFAR_64_DEPTHS),
        *(
            _cifar(f"cifar_preact_resnet{depth}", "cifar_preact_resnet", depth, Layout.V2)
            for depth in _CIFAR_PREACT_DEPTHS
        ),
        *(_cifar_wide(f"cifar_wrn_{depth}_{widen}", depth, widen) for depth, widen in _CIFAR_WIDE),
    ]
    return {spec.name: spec for spec in specs}


def _imagenet(name: str, family: str, depth: int, layout: Layout, **variants: Any) -> Spec:
    basic = depth in _BASIC
    return Spec(
        name=name,
        family=family,
        block=Block.BASIC if basic else Block.BOTTLENECK,
        layers=_BASIC[depth] if basic else _BOTTLENECK[depth],
        layout=layout,
        image_size=_IMAGENET_SIZE,
        num_classes=_IMAGENET_CLASSES,
        **variants,
    )


def _cifar(name: str, family: str, depth: int, layout: Layout) -> Spec:
    """Depth 6n + 2 with basic blocks (2015, section 4.2); 9n + 2 with pre-activation bottlenecks (2016)."""
    block = Block.BOTTLENECK if layout is Layout.V2 else Block.BASIC
    blocks = (depth - 2) // (9 if block is Block.BOTTLENECK else 6)
    return _small(name, family, block, (blocks,) * 3, layout=layout, stem=Stem.CIFAR)


def _cifar_64(name: str, depth: int) -> Spec:
    """The ImageNet network of that depth behind a 3x3 stem, as everybody trains it (kuangliu/pytorch-cifar)."""
    basic = depth in _BASIC
    layers = _BASIC[depth] if basic else _BOTTLENECK[depth]
    block = Block.BASIC if basic else Block.BOTTLENECK
    return _small(name, "cifar_resnet64", block, layers, layout=Layout.V1_5, stem=Stem.CIFAR64)


def _cifar_wide(name: str, depth: int, widen: int) -> Spec:
    """Depth 6n + 4, counted in convolutions: three stages of n basic blocks, `widen` times as wide."""
    layers = ((depth - 4) // 6,) * 3
    return _small(name, "cifar_wrn", Block.BASIC, layers, layout=Layout.V2, stem=Stem.CIFAR, widen=widen)


def _small(name: str, family: str, block: Block, layers: tuple[int, ...], **variants: Any) -> Spec:
    return Spec(
        name=name,
        family=family,
        block=block,
        layers=layers,
        image_size=_CIFAR_SIZE,
        num_classes=_CIFAR_CLASSES,
        **variants,
    )
