"""A tour of what an SDK can ask over REST, whatever its version. It prints a JSON line for each page that a person has to open, and one
with all that it learnt in the end.
"""

import functools
import json
import os
import sys
import warnings

from composio import Composio
from composio.core.provider import AgenticProvider

warnings.simplefilter("ignore")
PING, TAGS = "DESKTIME_PING_REQUEST", "CLOCKIFY_GET_TAGS"


class Plain(AgenticProvider, name="plain"):
    """Tools as functions by slug."""

    def wrap_tool(self, tool, execute_tool):
        """A tool as a function of its arguments."""
        return functools.partial(execute_tool, tool.slug)

    def wrap_tools(self, tools, execute_tool):
        """All of them."""
        return {tool.slug: self.wrap_tool(tool, execute_tool) for tool in tools}


composio = Composio(
    provider=Plain(),
    api_key=os.environ["COMPOSIO_API_KEY"],
    base_url=os.environ["COMPOSIO_BASE_URL"],
    allow_tracking=False,
    toolkit_versions={"desktime": "latest", "clockify": "latest"},
)
learnt = {}


def plain(value):
    """What an SDK gives, as JSON."""
    return json.loads(value.model_dump_json()) if hasattr(value, "model_dump_json") else value


def ask_person(request):
    """Have the page of a connection opened, and wait until it is connected."""
    print(json.dumps({"open": request.redirect_url}), flush=True)
    return request.wait_for_connection(timeout=30)


# Toolkits
learnt["toolkits"] = [kit.slug for kit in composio.toolkits.get()]
learnt["toolkits listed"] = [kit.slug for kit in composio.toolkits.list(limit=1).items]
learnt["toolkit"] = composio.toolkits.get("clockify").name
learnt["categories"] = [one.id for one in composio.toolkits.list_categories()]
fields = composio.toolkits.get_connected_account_initiation_fields("clockify", "API_KEY")
learnt["to connect"] = [one.name for one in fields]
learnt["due to connect"] = [one.name for one in composio.toolkits.get_connected_account_initiation_fields("clockify", "API_KEY", True)]
learnt["to configure"] = [one.name for one in composio.toolkits.get_auth_config_creation_fields("clockify", "API_KEY") or []]

# Tools
learnt["tool"] = composio.tools.get_raw_composio_tool_by_slug(TAGS).slug
learnt["tools by slug"] = sorted(composio.tools.get("alice", tools=[TAGS, PING]))
learnt["tools by toolkit"] = sorted(composio.tools.get("alice", toolkits=["desktime"]))
learnt["tools by words"] = sorted(composio.tools.get("alice", search="create a client", limit=3))

# Auth configs
made = composio.auth_configs.create("desktime", {"type": "use_composio_managed_auth"})
learnt["auth config"] = [made.auth_scheme, made.is_composio_managed]
learnt["auth configs"] = [one.id == made.id for one in composio.auth_configs.list(toolkit_slug="desktime").items]
learnt["auth config got"] = composio.auth_configs.get(made.id).status
composio.auth_configs.disable(made.id)
learnt["auth config disabled"] = composio.auth_configs.get(made.id).status
composio.auth_configs.enable(made.id)

# Connected accounts: with a key at once, and by a link
key = {"auth_scheme": "API_KEY", "val": {"status": "ACTIVE", "generic_api_key": "sandbox-desktime-key"}}
begun = composio.connected_accounts.initiate("alice", made.id, config=key)
learnt["initiated"] = [begun.status, begun.redirect_url]
account = composio.connected_accounts.get(begun.id)
learnt["account"] = [account.status, account.toolkit.slug, plain(account)["state"]["val"]["api_key"]]
learnt["accounts"] = [one.id == begun.id for one in composio.connected_accounts.list(user_ids=["alice"], statuses=["ACTIVE"]).items]
try:
    composio.connected_accounts.initiate("alice", made.id, config=key)
except Exception as error:
    learnt["initiated again"] = type(error).__name__
linked = ask_person(composio.connected_accounts.link("bob", made.id))
learnt["linked"] = linked.status
request = composio.toolkits.authorize(user_id="carol", toolkit="desktime")
learnt["authorized"] = ask_person(request).status

# Direct execution
done = composio.tools.execute(PING, {}, user_id="alice", dangerously_skip_version_check=True)
learnt["executed"] = [done["successful"], done["error"], bool(done["data"])]
done = composio.tools.get("alice", tools=[PING])[PING]({})
learnt["executed by a framework"] = [done["successful"], done["error"]]
done = composio.tools.execute(PING, {"nonsense": 1}, user_id="alice", dangerously_skip_version_check=True)
learnt["executed wrongly"] = [done["successful"], "nonsense" in done["error"]]

# A session
session = composio.create(user_id="dave", toolkits=["clockify", "desktime"])
tools = session.tools()
learnt["session tools"] = sorted(tools)
learnt["session toolkits"] = {kit.slug: bool(kit.connection and kit.connection.is_active) for kit in session.toolkits().items}
learnt["session authorized"] = ask_person(session.authorize("desktime")).status
learnt["session connected"] = [kit.slug for kit in session.toolkits(is_connected=True).items]
found = tools["COMPOSIO_SEARCH_TOOLS"]({"queries": [{"use_case": "ping desktime"}]})
learnt["session found"] = found["data"]["results"][0]["primary_tool_slugs"][:1]
batch = {"tools": [{"tool_slug": PING, "arguments": {}}], "sync_response_to_workbench": False}
done = tools["COMPOSIO_MULTI_EXECUTE_TOOL"](batch)
learnt["session executed"] = [done["successful"], done["data"]["results"][0]["response"]["successful"]]
learnt["session used"] = composio.use(session.session_id).session_id == session.session_id
if hasattr(session, "execute"):
    learnt["session execute"] = bool(session.execute(PING, arguments={}).data)
    learnt["session search"] = session.search(query="ping desktime").results[0].primary_tool_slugs[:1]
    missing = session.execute(TAGS, arguments={})
    learnt["session not connected"] = "No active connected account" in missing.error
if hasattr(session, "update"):
    session.update(toolkits={"enable": ["clockify"]})
    learnt["session updated"] = [kit.slug for kit in session.toolkits().items]
direct = composio.create(user_id="alice", toolkits=["desktime"], **({"preload": {"tools": [PING]}} if hasattr(session, "update") else {}))
if hasattr(session, "update"):
    learnt["session preloaded"] = direct.tools()[PING]({})["successful"]
if hasattr(session, "delete"):
    session.delete()
    try:
        composio.use(session.session_id)
    except Exception as error:
        learnt["session deleted"] = type(error).__name__

# Looking after accounts
composio.connected_accounts.disable(begun.id)
learnt["disabled"] = composio.connected_accounts.get(begun.id).status
try:
    composio.tools.execute(PING, {}, user_id="alice", dangerously_skip_version_check=True)
except Exception as error:
    learnt["executed when disabled"] = type(error).__name__
composio.connected_accounts.enable(begun.id)
learnt["enabled"] = composio.connected_accounts.get(begun.id).status
learnt["refreshed"] = composio.connected_accounts.refresh(begun.id).status
if hasattr(composio.connected_accounts, "update"):
    learnt["renamed"] = composio.connected_accounts.update(begun.id, alias="work").success
    learnt["alias"] = plain(composio.connected_accounts.get(begun.id))["alias"]
composio.connected_accounts.delete(begun.id)
try:
    composio.connected_accounts.get(begun.id)
except Exception as error:
    learnt["deleted"] = type(error).__name__
composio.auth_configs.delete(made.id)
learnt["auth configs left"] = [one.id == made.id for one in composio.auth_configs.list(toolkit_slug="desktime").items].count(True)
print(json.dumps({"learnt": learnt}), flush=True)
sys.exit(0)
