"""A machine whose layers have known costs, and which takes no time to time them."""

import itertools
from random import Random

from resnet_bench import specs
from resnet_bench.machine.environment import as_it_is_now, usual_allocator
from resnet_bench.specs.reference import version
from resnet_bench.wire.answers import Dissected
from resnet_bench.wire.messages import CeilingsRequest, LayersRequest
from tests import make
from tests.runner.instant import Machine


def cost(shape):
    """Seconds of a layer, forward and backward, whatever runs before it."""
    luck = Random(str(shape.anywhere)).uniform(1, 2)
    return luck * (1e-6 + shape.macs * 1e-11), luck * (2e-6 + shape.macs * 2e-11)


class KnownCosts(Machine):
    """Answers for layers by `cost`; `timed` are the networks whose layers were asked for."""

    def __init__(self):
        super().__init__(identity=as_it_is_now(make.IDENTITY))
        self.timed = []

    def ask(self, request):
        if not isinstance(request, LayersRequest):
            return super().ask(request)
        self.timed.append(request.case.model)
        spec = request.model if isinstance(request.model, specs.Spec) else specs.find(request.model)
        return Dissected(layers=make.known_layers(request.case, cost, spec=spec), environment=self.environment)


class WanderingSpeed(KnownCosts):
    """A machine whose every process finds it at another speed; launches take what their layers cost.

    Its reference tells the speed; its processes find it slower by these factors in turns.
    """

    FIRST, PASS_S = 1.2, 0.004
    VERSION = version(1, usual_allocator())

    def __init__(self, ceilings=None):
        super().__init__()
        self.factors = itertools.cycle((self.FIRST, 0.9, 1.05))
        self.ceilings = ceilings or make.ceilings(threads=1)

    def ask(self, request):
        if isinstance(request, CeilingsRequest):
            return make.change(self.ceilings, environment=self.environment.id)
        answer = super().ask(request)
        if not isinstance(answer, Dissected):
            return answer
        beside = dict(slower=next(self.factors), quickest=0.93, pass_s=self.PASS_S, version=self.VERSION)
        return make.change(answer, layers=make.as_measured(answer.layers, **beside))

    def measure(self, request):
        launch, slower = super().measure(request), next(self.factors)
        spec = request.model if isinstance(request.model, specs.Spec) else specs.find(request.model)
        latency_s = slower * make.known_layers(request.case, cost, spec=spec).whole_s
        isolated = make.change(launch.isolated, elapsed_s=(latency_s,) * len(launch.isolated.elapsed_s))
        return make.beside_reference(make.change(launch, isolated=isolated), self.PASS_S * slower, version=self.VERSION)
