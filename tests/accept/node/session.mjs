// The TypeScript SDK makes a session and finds it again; it prints what it learnt as JSON.
import { Composio } from "@composio/core";

const composio = new Composio({ apiKey: process.env.COMPOSIO_API_KEY, disableVersionCheck: true });
const made = await composio.create("alice@example.com", { toolkits: ["clockify"] });
const found = await composio.use(made.sessionId);
console.log(JSON.stringify({ id: made.sessionId, made: made.mcp, found: found.mcp }));
