"""A receipt as a JSON document. Its shape is public."""

from packllama.check.finding import Finding
from packllama.manifest import Layer, Manifest
from packllama.prove.machine import Machine
from packllama.prove.receipt import Answer, Receipt, UsedTemplate, Vector


def document(receipt: Receipt) -> dict[str, object]:
    """The members, without the ``packllama`` at the front of every document."""
    manifest, error = receipt.manifest, receipt.error
    return {
        "result": str(receipt.result),
        "name": receipt.name.short,
        "digest": manifest and manifest.digest.hex,
        "size": manifest and manifest.total_size,
        "layers": _layers(manifest) if manifest else [],
        "findings": [_finding(finding) for finding in receipt.findings],
        "date": receipt.date.isoformat(timespec="seconds"),
        "version": receipt.version,
        "engine": receipt.engine or None,
        "machine": _machine(receipt.machine),
        "load_seconds": receipt.load_seconds,
        "template": receipt.template and _template(receipt.template),
        "prompt": receipt.prompt or None,
        "answer": receipt.answer and _answer(receipt.answer),
        "vector": receipt.vector and _vector(receipt.vector),
        "error": error and {name: getattr(error, name) for name in ("kind", "message", "hint", "where")},
    }


def _layers(manifest: Manifest) -> list[dict[str, object]]:
    return [
        {
            "type": word_for(layer, manifest),
            "media_type": layer.media_type,
            "digest": str(layer.digest),
            "size": layer.size,
        }
        for layer in manifest.layers_and_config
    ]


def word_for(layer: Layer, manifest: Manifest) -> str:
    """What a layer is: ``model``, ``config``; the media type when it is not known."""
    return "config" if layer is manifest.config else str(layer.kind or layer.media_type)


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "kind": str(finding.kind),
        "path": str(finding.path),
        "digest": finding.digest and str(finding.digest),
        "roles": list(finding.roles),
        "message": finding.message,
        "hint": finding.hint,
    }


def _machine(machine: Machine) -> dict[str, object]:
    return {
        "host": machine.host,
        "system": machine.system,
        "release": machine.release,
        "architecture": machine.architecture,
        "processor": machine.processor,
        "processors": machine.processors,
        "memory": machine.memory,
    }


def _template(template: UsedTemplate) -> dict[str, object]:
    return {"source": str(template.source), "digest": template.digest and str(template.digest)}


def _answer(answer: Answer) -> dict[str, object]:
    done = answer.done
    return {
        "text": answer.text,
        "thinking": answer.thinking,
        "done_reason": str(done.reason),
        "prompt_count": done.prompt_count,
        "prompt_seconds": done.prompt_seconds,
        "prompt_rate": answer.prompt_rate,
        "eval_count": done.eval_count,
        "eval_seconds": done.eval_seconds,
        "eval_rate": answer.eval_rate,
    }


def _vector(vector: Vector) -> dict[str, object]:
    return {"dimensions": vector.dimensions, "first": list(vector.first), "norm": vector.norm}
