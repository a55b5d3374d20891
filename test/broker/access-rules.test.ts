// What rules let a client do, and not do, with the real Worker.

import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect, refusal, unique } from "../support/connect.ts";
import { makeCredential, mayUse } from "../support/credentials.ts";

const broker = useBroker({ variables: { ALLOW_ANONYMOUS: "0" } });

describe("rules", () => {
  it("that are empty allow nothing, but to be there", async () => {
    const { login } = await makeCredential(broker, { rules: {} });
    const client = await connect(broker.tcp, login);
    expect(await client.subscribe("a")).toMatchObject({ granted: [0x87] });
    expect(await client.publish("a", "1", { qos: 1 })).toBe(0x87);
  });

  it.each(["+", "#", "a/#", "other/x", "$SYS"])(
    "for %j as client identifier or username name no other's topics",
    async (name) => {
      const rules = { publish: { allow: ["%c/#", "u/%u/#"] }, subscribe: { allow: ["%c/#", "u/%u/#"] } };
      const { login } = await makeCredential(broker, { rules, username: unique(name) });
      const { login: other } = await makeCredential(broker, { rules, ...(name === "$SYS" ? {} : { username: name }) });
      for (const options of [{ ...login, clientId: name }, other]) {
        const client = await connect(broker.tcp, options);
        for (const filter of [
          "#",
          "+/#",
          "a/#",
          "a/b",
          "other/x/y",
          "u/+/x",
          "u/#",
          "u/a/b",
          "$SYS/#",
          "$SYS/broker/version",
        ]) {
          expect(await client.subscribe(filter)).toMatchObject({ granted: [0x87] });
        }
        for (const topic of ["a/b", "other/x/y", "u/a/b", "$SYS/broker/version"]) {
          expect(await client.publish(topic, "1", { qos: 1 })).toBe(0x87);
        }
        await client.disconnect();
      }
    },
  );

  it("that deny a part deny all that could reach it, also by way of a share", async () => {
    const filters = { allow: ["#"], deny: ["secret/#", "+/key"] };
    const { login } = await makeCredential(broker, { rules: { publish: filters, subscribe: filters } });
    const client = await connect(broker.tcp, login);
    const ways = ["#", "+/#", "secret", "secret/x", "+/x", "a/+", "a/#", "a/key"];
    for (const filter of ways.flatMap((way) => [way, `$share/g/${way}`])) {
      expect(await client.subscribe(filter)).toMatchObject({ granted: [0x87] });
    }
    expect(await client.subscribe(["a/x/#", "$share/g/a/b/c"])).toMatchObject({ granted: [0, 0] });
    for (const topic of ["secret", "secret/x", "a/key"])
      expect(await client.publish(topic, "1", { qos: 1 })).toBe(0x87);
  });

  it("may limit the QoS, and the RETAIN flag", async () => {
    const { login } = await makeCredential(broker, { rules: { ...mayUse("#"), maximumQos: 1, retain: false } });
    const client = await connect(broker.tcp, login);
    expect(await client.subscribe("a", { qos: 2 })).toMatchObject({ granted: [1] });
    expect(await client.publish("b", "1", { qos: 1 })).not.toBe(0x87);
    expect(await client.publish("b", "1", { qos: 1, retain: true })).toBe(0x87);
    expect(await client.publish("b", "1", { qos: 2 })).toBe(0x87);
    const will = { topic: "w", payload: "gone", qos: 0, retain: true } as const;
    expect(await refusal(broker.tcp, { ...login, will })).toBe(0x87);
  });

  it("let nobody speak as the broker: not in PUBLISH, not in a Will, whatever they allow", async () => {
    const everything = { allow: ["#", "$SYS/#"] };
    const { login } = await makeCredential(broker, { rules: { publish: everything, subscribe: everything } });
    const client = await connect(broker.tcp, login);
    expect(await client.subscribe("$SYS/broker/forged")).toMatchObject({ granted: [0] });
    for (const topic of ["$SYS", "$SYS/broker/forged"]) {
      expect(await client.publish(topic, "1", { qos: 1, retain: true })).toBe(0x87);
      const will = { topic, payload: "gone", qos: 0, retain: true } as const;
      expect(await refusal(broker.tcp, { ...login, will })).toBe(0x87);
    }
    await client.expectNothingMore();
  });
});
