"""What holds at the end of every chat, whoever's program and model it was."""

import json

import jsonschema_rs

from .guide import Program
from .models.errand import CONNECT, EXECUTE, SEARCH
from .models.mind import objects, read
from .models.provider import Provider
from .server import Server


def check(model: Provider, router: Server, program: Program, code: int) -> None:
    """Nothing failed, no request took more than four turns, the tools were on offer from the first, all calls were in order."""
    assert model.troubles == []
    assert code == 0
    for text in (program.out, program.err, router.tail(10**6)):
        assert "Traceback" not in text
    assert "I encountered" not in program.out, "the AutoGen guide's program says so when a request failed, and goes on"
    assert "Error: " not in program.out, "the OpenAI guide's program says so when its opening failed, and goes on"
    for request in {exchange.talk.request for exchange in model.exchanges}:
        assert len(model.turns(request)) <= 4, request
    assert {SEARCH, CONNECT, EXECUTE} <= {offer.name for offer in model.exchanges[0].talk.offers}
    for exchange in model.exchanges:
        schemas = {offer.name: offer.schema for offer in exchange.talk.offers}
        for call in exchange.move if isinstance(exchange.move, list) else []:
            jsonschema_rs.validate(schemas[call.name], call.arguments)
    answers = [m.text for m in model.exchanges[-1].talk.messages if m.role == "tool"]
    assert answers
    for text in answers:
        for record in objects(read(text)):
            assert record.get("successful", True) is True, text
            assert not record.get("error"), text


def check_secret(router: Server, model: Provider, secret: str) -> None:
    """The account's key went to the vault alone: the model, the log (but for the sandbox's greeting) and the disk never saw it."""
    assert secret not in json.dumps([exchange.body for exchange in model.exchanges])
    assert not any(secret in message.text for exchange in model.exchanges for message in exchange.talk.messages)
    assert not [line for line in router.tail(10**6).splitlines() if secret in line and "connect with the keys" not in line]
    files = [path for path in router.data.rglob("*") if path.is_file()]
    assert files
    assert [path.name for path in files if secret.encode() in path.read_bytes()] == []
