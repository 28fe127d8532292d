"""One page for a browser that holds all that it needs: the chain in WebAssembly, a simulated hour, their drawing."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources
from pathlib import Path

from kalemia import __version__
from kalemia.errors import ModelError
from kalemia.estimate.model import Model
from kalemia.estimate.population import KNOWN
from kalemia.export import hour, wasm
from kalemia.export.c import Device
from kalemia.export.hour import Hour
from kalemia.records import NOTICE, ModelName
from kalemia.report import beliefs, words
from kalemia.report.document import TO_TRUST, notice
from kalemia.report.trust import trust
from kalemia.system import atomic

SCRIPTS = ("chain.js", "text.js", "words.js", "draw.js", "page.js")
PAGE, WORKER, MANIFEST, ICON = "index.html", "kalemia.worker.js", "kalemia.webmanifest", "kalemia.svg"
HOUR_OF = "dialysis"
"""The population that the simulated patient is of."""
WATCH = "I"
"""The lead that watches record."""


def write(model: Model, folder: Path) -> int:
    """Write the page of a model into a folder, beside it what a server needs to let it be installed; return its bytes.

    Raises
    ------
    ModelError
        The model is no DSCRNN of one lead, or the folder holds other files.
    KalemiaError
        Where clang or its linker is not installed.
    OSError
        A file cannot be written.
    """
    if any(folder.iterdir()) and not (folder / PAGE).exists():
        raise ModelError(f"{folder} holds other files; give a folder that is empty, or that holds an earlier export")
    wasm.check()
    device = Device.of(model)
    made = page(wasm.module(device), hour.simulated(device.lead), device.lead, model.name)
    atomic.write({folder / name: text.encode() for name, text in ({PAGE: made} | beside(made)).items()})
    return len(made.encode())


def page(module: bytes, played: Hour, lead: str, model: ModelName) -> str:
    """Return the whole HTML document."""
    own, script = resources.files("kalemia.export") / "page", _script(module, played, lead)
    style = (resources.files("kalemia.report") / "style.css").read_text(encoding="utf-8")
    style += (own / "page.css").read_text(encoding="utf-8")
    text = (own / "page.html").read_text(encoding="utf-8")
    return _filled(
        text,
        policy=policy(style, script),
        style=style,
        script=script,
        lead=lead,
        model=f"{model.name} {model.version}",
        watch="an Apple Watch's export, or " if lead == WATCH else "",
        notice=notice(NOTICE, TO_TRUST),
        before=beliefs.BEFORE,
        says=beliefs.SAYS,
        after=beliefs.AFTER,
        origin=f"The model was trained on {words.origin(model.trained_on)}.",
        trust=trust(model),
        version=__version__,
    )


def policy(style: str, script: str) -> str:
    """Return the policy that admits one style and one script, WebAssembly, and not one connection."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}' 'wasm-unsafe-eval'; "
        "connect-src 'none'; img-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'none'"
    )


def beside(made: str) -> dict[str, str]:
    """Return what lets a served page be installed; from a folder none of it is used."""
    digest = hashlib.sha256(made.encode()).hexdigest()[:16]
    worker = _read("worker.js").replace("{digest}", digest)
    icon = {"src": ICON, "sizes": "any", "type": "image/svg+xml", "purpose": "any"}
    manifest = {
        "name": "Kalemia",
        "short_name": "Kalemia",
        "description": NOTICE,
        "start_url": "./",
        "display": "standalone",
        "background_color": "#f6f5f2",
        "icons": [icon],
    }
    return {WORKER: worker, MANIFEST: json.dumps(manifest, indent=1), ICON: _read("icon.svg")}


def _script(module: bytes, played: Hour, lead: str) -> str:
    told = {
        "wasm": base64.b64encode(module).decode(),
        "lead": lead,
        "populations": [{"name": name, "people": known.people} for name, known in KNOWN.items()],
        "hour": {
            "packed": played.packed(),
            "rate": hour.RATE,
            "stepUv": hour.STEP_UV,
            "potassium": played.potassium_meq_l,
            "population": HOUR_OF,
            "story": hour.STORY,
        },
    }
    return "\n".join([f"const KALEMIA = {json.dumps(told)};", *map(_read, SCRIPTS)])


def _read(name: str) -> str:
    return (resources.files("kalemia.export") / "page" / name).read_text(encoding="utf-8")


def _filled(text: str, **values: str) -> str:
    """Put values where a template names them in braces; what they hold is not looked at."""
    parts = text.split("{")
    return parts[0] + "".join(values[name] + rest for name, _, rest in (part.partition("}") for part in parts[1:]))


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
