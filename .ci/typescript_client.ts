// Uses the generated types as a caller would: it compiles only while they say what the service does.
import type { components, operations } from "./schema";

type Json<Operation extends keyof operations, Status extends number> = operations[Operation] extends {
  responses: Record<Status, { content: { "application/json": infer Body } }>;
}
  ? Body
  : never;

export const wanted: components["schemas"]["NewAgent"] = { agentName: "ada", environmentVars: { LOG_LEVEL: "info" } };
export const names = (listed: Json<"listAgents", 200>): (string | null | undefined)[] =>
  listed.agents.map((agent) => agent.agentName);
export const state = (status: Json<"getStatus", 200>): string => status.connection.state;
export const sentence = (refused: Json<"createAgent", 400>): string => refused.error;
