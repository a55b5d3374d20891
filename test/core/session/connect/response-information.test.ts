import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../../../src/core/limits.ts";
import { responseInformationOf } from "../../../../src/core/session/connect/response-information.ts";
import { SessionHarness } from "../../../support/session-harness.ts";

const asking = { properties: { requestResponseInformation: true } };

describe("Response Information", () => {
  it.each([
    ["responses/%c", "board-1", "responses/board-1"],
    ["%c", "board-1", "board-1"],
    ["%c/of/%c", "b", "b/of/b"],
    ["responses/%c", "$&", "responses/$&"],
    ["responses/%c", "%c", "responses/%c"],
    ["for all", "a/b", "for all"],
  ])("%s is for the client %s %s [B62]", (template, clientId, expected) => {
    expect(responseInformationOf(template, clientId, defaultLimits)).toBe(expected);
  });

  it.each([
    ["responses/%c", "a/b"],
    ["responses/%c", "+"],
    ["responses/%c", "a#"],
    ["%c/responses", "$SYS"],
    ["responses/%c", "a\u0000"],
    ["%c", ""],
  ])("%s is nothing for the client %j, whose tree would not be its own", (template, clientId) => {
    expect(responseInformationOf(template, clientId, defaultLimits)).toBeUndefined();
  });

  it("is no longer than a topic name may be", () => {
    expect(responseInformationOf("r/%c", "x".repeat(70), { ...defaultLimits, maximumTopicBytes: 64 })).toBeUndefined();
  });

  it("is sent to a client that asks, made from its final identifier", () => {
    const h = new SessionHarness({ clientId: "assigned1", responseInformation: "responses/%c" });
    const { connack } = h.connected({ ...asking, clientId: "" });
    expect(connack).toMatchObject({ properties: { responseInformation: "responses/assigned1" } });
  });

  it.each([{}, { properties: { requestResponseInformation: false } }, { protocolVersion: 4 } as const])(
    "is not sent to a client that does not ask: %j [MQTT-3.1.2-28]",
    (fields) => {
      const { connack } = new SessionHarness({ responseInformation: "responses/%c" }).connected(fields);
      expect(connack).toMatchObject({ cmd: "connack" });
      expect(connack).not.toHaveProperty("properties.responseInformation");
    },
  );

  it("may be switched off", () => {
    const { connack } = new SessionHarness({ responseInformation: undefined }).connected(asking);
    expect(connack).not.toHaveProperty("properties.responseInformation");
  });
});
