"""Exact costs of every registry model: any change here is a change of the architecture or of the counting."""

from resnet_bench import specs


class Static:
    """No sampling and no torch: closed forms."""

    params = (specs.names(),)
    param_names = ("model",)
    version = "1"

    def track_parameters(self, model):
        return specs.totals(specs.find(model)).parameters

    track_parameters.unit = "parameters"

    def track_macs(self, model):
        return specs.totals(specs.find(model)).macs

    track_macs.unit = "MACs"
