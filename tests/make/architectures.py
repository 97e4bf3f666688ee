"""Random architectures: every field of a spec, and no combination that is refused."""

from hypothesis import reject
from hypothesis import strategies as st

from resnet_bench.errors import ModelError
from resnet_bench.specs import (
    Activation,
    Attention,
    Block,
    Downsample,
    Layout,
    Norm,
    Spec,
    Stem,
    check_architecture,
)

SHARES = (0.0, 0.25)


@st.composite
def random_specs(draw: st.DrawFn) -> tuple[Spec, int]:
    """Draw an architecture and an image size that it takes."""
    layout, stem, norm = (draw(st.sampled_from(kind)) for kind in (Layout, Stem, Norm))
    grouped = norm is Norm.GROUP
    if grouped:
        stem = {Stem.CIFAR: Stem.CIFAR64, Stem.DEEP_TIERED: Stem.DEEP}.get(stem, stem)
    layers = tuple(draw(st.lists(st.integers(1, 2), min_size=1, max_size=4)))
    classes = draw(st.integers(0, 12))
    spec = Spec(
        name="random",
        family="custom",
        block=draw(st.sampled_from(Block)),
        layers=layers,
        width=draw(st.sampled_from((32, 64))) if grouped else draw(st.integers(4, 130)),
        groups=draw(st.sampled_from((1, 2, 4))),
        widen=draw(st.sampled_from((1, 1, 2))),
        layout=layout,
        stem=stem,
        downsample=Downsample.CONV
        if stem is Stem.CIFAR and layout is not Layout.V2
        else draw(st.sampled_from(Downsample)),
        attention=draw(st.sampled_from(Attention)),
        norm=norm,
        activation=draw(st.sampled_from(Activation)),
        antialias=layout is Layout.V1_5 and draw(st.booleans()),
        output_stride=draw(st.sampled_from((None, 8, 16))) if stem.stride << (len(layers) - 1) >= 16 else None,
        drop_path=draw(st.sampled_from(SHARES)),
        dropout=draw(st.sampled_from(SHARES)) if classes else 0.0,
        zero_init_residual=layout is not Layout.V2 and norm is not Norm.FROZEN and draw(st.booleans()),
        image_size=64,
        num_classes=classes,
        classifier_bias=not classes or draw(st.booleans()),
    )
    try:
        check_architecture(spec)
    except ModelError:
        reject()
    return spec, draw(st.integers(spec.min_image_size, 72))
