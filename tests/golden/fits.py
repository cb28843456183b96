"""A fixed result of fitting, which no command makes: what it would be does not depend on this machine's arithmetic."""

from __future__ import annotations

from sepcost.measured.fits import LAYER, TOTAL, Chosen, Counts, Fit, Fits, Fitted, Scores

NETWORK = "net.py:build"
TEXTS = ("separable", "separable:multiplier=2", "blueprint")
FIGURES = {
    "layer1.conv1": [(0.5713, 0.0812, 0.0123), (0.7744, 0.0311, 0.0041), (0.612, 0.1, 0.0204)],
    "layer1.conv2": [(0.4402, 0.2143, 0.0634), (0.69, 0.0977, 0.0202), (0.5511, 0.1312, 0.0291)],
    "layer2.conv1": [(0.911, 0.0087, 0.00041), (0.9641, 0.0031, 0.00009), (0.8204, 0.0203, 0.0017)],
}
"""Energy, error and loss of each replacement."""
MACS_PER_PARAM = 64
STANDARD, REPLACED = 36_864, (4_672, 9_344, 4_672)


def _counts(params: int) -> Counts:
    macs = params * MACS_PER_PARAM
    return Counts(params, macs, macs * 1e-10 + 1e-5)


def _rows() -> list[Fitted]:
    chosen = {"layer1.conv1": TEXTS[1], "layer2.conv1": TEXTS[0]}
    rows = []
    for layer, fits in FIGURES.items():
        for text, params, (energy, error, loss) in zip(TEXTS, REPLACED, fits):
            fit = Fit(energy, error, is_exact=text != "blueprint")
            most = None if text == "blueprint" else 7
            counts = _counts(STANDARD), _counts(params)
            is_chosen = chosen.get(layer) == text
            row = Fitted(NETWORK, LAYER, layer, text, *counts, (64, 64, 3, 3), fit, None, loss, most, is_chosen)
            rows.append(row)
    for text in TEXTS:
        few = Counts(2048, 131_072, 3e-5)
        rows.append(Fitted(NETWORK, LAYER, "layer2.downsample", text, few, few, (64, 32, 1, 1), kept="1×1"))
    totals = zip(TEXTS, REPLACED, [(0.641, 0.0833), (0.8093, 0.0261), (0.6608, 0.0517)])
    before = _counts(3 * STANDARD + 2048)
    return rows + [
        Fitted(NETWORK, TOTAL, TOTAL, text, before, _counts(3 * params + 2048), fit=Fit(energy), loss=loss)
        for text, params, (energy, loss) in totals
    ]


CHOSEN = Chosen(
    limit="--max-macs 4M",
    plan={"layer1.conv1": TEXTS[1], "layer2.conv1": TEXTS[0]},
    replaced=2,
    layers=3,
    before=_counts(3 * STANDARD + 2048),
    after=_counts(STANDARD + REPLACED[0] + REPLACED[1] + 2048),
    energy=0.9033,
    summed=0.00451,
    measured=0.0068,
)
SCORES = Scores(
    "net.py:top1",
    0.990507,
    {TEXTS[0]: 0.946399, TEXTS[1]: 0.979899, "plan": 0.988274},
    "Per cent right of 597 held-out images.",
)
FITS = Fits(
    weights="w.pt",
    rows=_rows(),
    data="net.py:batches, 597 samples",
    chosen=CHOSEN,
    scores=SCORES,
    target="local",
    written={"plan": "plan.yaml", "weights": "small.safetensors"},
    notes=["Norms were estimated again on the data."],
)
