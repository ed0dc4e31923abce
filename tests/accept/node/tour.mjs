// A tour of what the TypeScript SDK can ask over REST. It prints a JSON line for each page that a person has to open, and one with all
// that it learnt in the end.
import { AuthScheme, Composio } from "@composio/core";

const composio = new Composio({
  apiKey: process.env.COMPOSIO_API_KEY,
  baseURL: process.env.COMPOSIO_BASE_URL,
  allowTracking: false,
  disableVersionCheck: true,
  toolkitVersions: { desktime: "latest", clockify: "latest" },
});
const PING = "DESKTIME_PING_REQUEST";
const TAGS = "CLOCKIFY_GET_TAGS";
const learnt = {};
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const askPerson = async (request) => {
  tell({ open: request.redirectUrl });
  return (await request.waitForConnection(30_000)).status;
};
const failure = async (doing) => {
  try {
    await doing();
    return null;
  } catch (error) {
    return error.constructor.name;
  }
};
const direct = (more = {}) => ({ userId: "alice", arguments: {}, dangerouslySkipVersionCheck: true, ...more });

// Toolkits and tools
learnt.toolkit = (await composio.toolkits.get("clockify")).name;
learnt.toolkits = (await composio.toolkits.get({ limit: 1 })).length;
learnt.categories = (await composio.toolkits.listCategories()).items.map((one) => one.id);
learnt.dueToConnect = (await composio.toolkits.getConnectedAccountInitiationFields("clockify", "API_KEY", { requiredOnly: true })).map((one) => one.name);
learnt.tool = (await composio.tools.getRawComposioToolBySlug(TAGS)).slug;
learnt.toolsBySlug = (await composio.tools.get("alice", { tools: [TAGS, PING] })).map((tool) => tool.function.name).sort();
learnt.toolsByToolkit = (await composio.tools.get("alice", { toolkits: ["desktime"] })).every((tool) => tool.function.name.startsWith("DESKTIME_"));
learnt.toolsByWords = (await composio.tools.get("alice", { search: "create a client", limit: 3 })).map((tool) => tool.function.name).includes("CLOCKIFY_CREATE_CLIENT");

// Auth configs
const config = await composio.authConfigs.create("desktime", { type: "use_composio_managed_auth" });
learnt.authConfig = [config.authScheme, config.isComposioManaged];
learnt.authConfigs = (await composio.authConfigs.list({ toolkit: "desktime" })).items.some((one) => one.id === config.id);
await composio.authConfigs.disable(config.id);
learnt.authConfigDisabled = (await composio.authConfigs.get(config.id)).status;
await composio.authConfigs.enable(config.id);

// Connected accounts: with a key at once, and by a link
const begun = await composio.connectedAccounts.initiate("alice", config.id, { config: AuthScheme.APIKey({ generic_api_key: "sandbox-desktime-key" }) });
learnt.initiated = begun.status;
const account = await composio.connectedAccounts.get(begun.id);
learnt.account = [account.status, account.toolkit.slug, account.state.val.generic_api_key];
learnt.accounts = (await composio.connectedAccounts.list({ userIds: ["alice"], statuses: ["ACTIVE"] })).items.map((one) => one.id === begun.id);
learnt.initiatedAgain = await failure(() => composio.connectedAccounts.initiate("alice", config.id));
learnt.linked = await askPerson(await composio.connectedAccounts.link("bob", config.id));
learnt.authorized = await askPerson(await composio.toolkits.authorize("carol", "desktime"));

// Direct execution
const done = await composio.tools.execute(PING, direct());
learnt.executed = [done.successful, done.error, Boolean(done.data)];
const wrong = await composio.tools.execute(PING, direct({ arguments: { nonsense: 1 } }));
learnt.executedWrongly = [wrong.successful, wrong.error.includes("nonsense")];

// A session
const session = await composio.create("dave", { toolkits: ["clockify", "desktime"] });
learnt.sessionTools = (await session.tools()).map((tool) => tool.function.name).includes("COMPOSIO_SEARCH_TOOLS");
learnt.sessionToolkits = (await session.toolkits()).items.map((kit) => [kit.slug, Boolean(kit.connection?.isActive)]);
learnt.sessionAuthorized = await askPerson(await session.authorize("desktime"));
learnt.sessionConnected = (await session.toolkits({ isConnected: true })).items.map((kit) => kit.slug);
learnt.sessionFound = (await session.search({ query: "ping desktime" })).results[0].primaryToolSlugs.slice(0, 1);
const called = await session.execute(PING, {});
learnt.sessionExecuted = [called.error, Boolean(called.data)];
const missing = await session.execute(TAGS, {});
learnt.sessionNotConnected = missing.error.includes("No active connected account");
learnt.sessionUsed = (await composio.use(session.sessionId)).sessionId === session.sessionId;
await session.update({ toolkits: { enable: ["clockify"] } });
learnt.sessionUpdated = (await session.toolkits()).items.map((kit) => kit.slug);
await composio.sessions.delete(session.sessionId);
learnt.sessionDeleted = await failure(() => composio.use(session.sessionId));

// Looking after accounts
await composio.connectedAccounts.disable(begun.id);
learnt.disabled = (await composio.connectedAccounts.get(begun.id)).status;
learnt.executedWhenDisabled = await failure(() => composio.tools.execute(PING, direct()));
await composio.connectedAccounts.enable(begun.id);
learnt.refreshed = (await composio.connectedAccounts.refresh(begun.id)).status;
learnt.updated = (await composio.connectedAccounts.update(begun.id, { enabled: true })).success;
await composio.connectedAccounts.delete(begun.id);
learnt.deleted = await failure(() => composio.connectedAccounts.get(begun.id));
await composio.authConfigs.delete(config.id);
learnt.authConfigsLeft = (await composio.authConfigs.list({ toolkit: "desktime" })).items.filter((one) => one.id === config.id).length;
tell({ learnt });
