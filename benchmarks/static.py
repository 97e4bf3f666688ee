"""Exact costs of every registry model: any change here is a change of the architecture or of the counting."""

from benchmarks.engine import REGISTRY, find


class Static:
    """No sampling and no torch: closed forms, at batch size 1 and the model's own image size."""

    params = (REGISTRY,)
    param_names = ("model",)
    version = "1"

    def setup(self, model):
        find(model)

    def track_parameters(self, model):
        return _totals(model).parameters

    track_parameters.unit = "parameters"

    def track_macs(self, model):
        return _totals(model).macs

    track_macs.unit = "MACs"

    def track_activations(self, model):
        return _totals(model).activations

    track_activations.unit = "activations"


class PredictedMemory:
    """Bytes of one iteration at their peak, convolution workspace left out."""

    params = (REGISTRY, ("inference", "training"))
    param_names = ("model", "mode")
    version = "1"

    def setup(self, model, mode):
        del mode
        find(model)

    def track_predicted_peak_bytes(self, model, mode):
        from resnet_bench import specs
        from resnet_bench.records import Mode, Optimizer, Precision

        spec = find(model)
        predicted = specs.predicted_memory(
            spec,
            mode=Mode(mode),
            precision=Precision.FP32,
            batch_size=2,  # batch norm cannot train on one value per channel
            image_size=spec.image_size,
            optimizer=Optimizer.MOMENTUM,
        )
        return predicted.peak_bytes

    track_predicted_peak_bytes.unit = "bytes"


def _totals(model):
    from resnet_bench import specs

    return specs.totals(find(model))
