"""Small toolkits for the tests, written to a folder."""

from pathlib import Path

MAIN = """
slug  = "acme"
title = "Acme"
about = "Anvils and who orders them."
why-no-spec = "Acme publishes none."

[hosts]
api = "https://api.acme.example/v1"

[auth.api_key]
header = "X-Key"

[auth.check]
call  = "GET api /me"
label = "email"
"""

PING = """
[ping]
slug  = "ACME_PING"
about = "See whether Acme answers."
call  = "GET api /ping"
asks  = ["is Acme up", "does Acme answer", "check Acme"]
"""

WIDE = {
    "toolkit.toml": MAIN
    + """
[path]
workspaceId = "@workspace! -- Workspace to work in."

[nouns.workspace]
list       = "get_workspaces"
looks-like = "[0-9a-f]{24}"
default    = "get_me activeWorkspace"

[nouns.tag]
list       = "get_tags"
within     = ["workspaceId"]
query      = "name"
tell-apart = ["archived"]

[views]
tag = ["id", "name"]
""",
    "workspaces.toml": """
[get_workspaces]
slug = "ACME_GET_WORKSPACES"
about = "List the workspaces."
call = "GET api /workspaces"
asks = ["which workspaces are there", "show my workspaces", "where do I work"]

[get_me]
slug = "ACME_GET_ME"
about = "Read who is connected."
call = "GET api /me"
asks = ["who am I", "my profile", "what is my mail address"]
""",
    "tags.toml": """
[get_tags]
slug  = "ACME_GET_TAGS"
about = "List the tags of a workspace."
call  = "GET api /workspaces/{workspaceId}/tags"
query.name      = "text -- Part of the name."
query.page      = "int(0..) = 0 -- Page."
query.page-size = "int(1..5000) = 50 -- Tags on a page."
pages = {page = "query.page", size = "query.page-size", first = 0, more = "header Last-Page"}
list  = "tags"
view  = "tag"
asks  = ["which tags are there", "list labels", "show all tags"]

[get_tag]
slug  = "ACME_GET_TAG"
about = "Read one tag."
call  = "GET api /workspaces/{workspaceId}/tags/{id}"
path.id = "@tag! -- Tag to read."
asks  = ["show the tag urgent", "what is this tag", "read a tag"]

[update_tag]
slug  = "ACME_UPDATE_TAG"
about = "Rename a tag."
call  = "PUT api /workspaces/{workspaceId}/tags/{id}"
path.id   = "@tag! -- Tag to change."
body.name = "text(0..100)! -- New name."
body.id   = "text -- Number of the tag."
as.body.id = "number"
merge = {from = "get_tag", name = "label.name"}
asks  = ["rename the tag", "call the label old instead", "change a tag"]
""",
    "entries.toml": """
[bulk]
slug  = "ACME_BULK"
about = "Change several entries."
call  = "PUT api /workspaces/{workspaceId}/entries"
whole.entries = "BulkEntry[]! -- Entries to change."
asks  = ["change all entries", "update many", "fix several entries"]

[report]
slug   = "ACME_REPORT"
title  = "Detailed Report"
about  = "List the entries of a period."
call   = "POST api /workspaces/{workspaceId}/report"
effect = "read"
body.start = "time! -- First moment."
body.day   = "date -- A day."
body.detailedFilter.page = "int(1..) = 1 -- Page."
body.detailedFilter.options.totals = "(ALL | NONE) = ALL -- Totals."
body.event = "Event"
body.value = {schema = {type = ["string", "null"], description = "Any value."}}
body.raw   = "Raw[]"
fixed.body.exportType = "JSON"
fixed.body.detailedFilter.sort = "DATE"
pages = {page = "body.detailedFilter.page", more = "cursor next"}
view   = ["totals", "entries.*.description"]
asks   = ["report for last week", "what was done", "list all work"]

[types.BulkEntry]
id     = "text! -- Entry."
tagIds = "@tag[] -- Tags to attach."
rate.amount   = "int! -- Cents."
rate.currency = "text = EUR -- Currency."

[types.Event]
one-of = ["NEW_PROJECT", "NEW_TASK"]

[types.Raw]
schema = {type = "object"}
""",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    """A toolkit folder of these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def acme(folder: Path, tools: str = PING, main: str = "") -> Path:
    """The smallest toolkit, with these tools and further lines of its main file."""
    return write(folder / "acme", {"toolkit.toml": MAIN + main, "tools.toml": tools})
