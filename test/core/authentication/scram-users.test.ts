import { describe, expect, it } from "vitest";
import { readScramUsers, ScramUsersError, scramEntry } from "../../../src/core/authentication/scram-users.ts";
import { verifierOf } from "../../../tools/scram-user/verifier.ts";
import { scramUser } from "../../support/scram-client.ts";

const salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
const storedKey = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=";
const serverKey = "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
const pencil = `SCRAM-SHA-256$4096:${salt}$${storedKey}:${serverKey}`;

describe("an entry", () => {
  it("is made of a name and a password", () => {
    const verifier = verifierOf("pencil", Buffer.from(salt, "base64"), 4096);
    expect(scramEntry("user", verifier)).toBe(`user=${pencil}`);
  });

  it.each(["a=b", "a,b", "100%", "a b", "Jörg", "%2C"])("keeps the name %j", (name) => {
    const users = readScramUsers(scramUser(name, "p"));
    expect(users.find(name).isKnown).toBe(true);
    expect(users.find(`${name}x`).isKnown).toBe(false);
  });
});

describe("a list of users", () => {
  it.each([
    ["commas", `a=${pencil},b=${pencil}`],
    ["line breaks", `\n  a=${pencil}\r\n  b=${pencil}\n`],
    ["both", `a=${pencil},\nb=${pencil},`],
  ])("is separated by %s", (_, text) => {
    const users = readScramUsers(text);
    expect([users.find("a").isKnown, users.find("b").isKnown, users.find("c").isKnown]).toEqual([true, true, false]);
    expect(users.find("b").verifier.storedKey).toEqual(Uint8Array.from(Buffer.from(storedKey, "base64")));
  });

  it.each([
    ["nothing in it", " ,\n", "there is no entry in it"],
    ["a name alone", `a=${pencil},b`, "entry 2 is not NAME=SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY"],
    ["no name", pencil, /^entry 1 is not /],
    ["an empty name", `=${pencil}`, /^entry 1 is not /],
    ["another hash", `a=${pencil.replace("256", "1")}`, /^entry 1 is not /],
    ["the dollars gone in a shell", `a=${pencil.replaceAll(/\$\w*/g, "")}`, /^entry 1 is not /],
    ["no server key", `a=${pencil.replace(`:${serverKey}`, "")}`, /^entry 1 is not /],
    [
      "few iterations",
      `a=${pencil.replace("4096", "4095")}`,
      "entry 1 has 4095 iterations, where 4096 to 10000000 are allowed",
    ],
    ["too many", `a=${pencil.replace("4096", "10000001")}`, /^entry 1 has 10000001 iterations/],
    ["a salt that is not base64", `a=${pencil.replace(salt, "salt!")}`, /^entry 1 has a salt that is not base64/],
    ["a short stored key", `a=${pencil.replace(storedKey, "AAAA")}`, /^entry 1 has a salt .* or a key /],
    ["a server key without padding", `a=${pencil.slice(0, -1)}`, /^entry 1 has a salt .* or a key /],
    ["one name twice", `a=${pencil},%61=${pencil}`, "entry 2 has the name of an earlier one"],
    ["a name that is badly encoded", `%zz=${pencil}`, "entry 1 has a name that no client could give"],
    ["a name with a tab", `a%09b=${pencil}`, "entry 1 has a name that no client could give"],
    ["a name that is not in its prepared form", `%C2%AA=${pencil}`, "entry 1 has a name that no client could give"],
  ])("with %s is refused in a line that gives no key away", (_, text, message) => {
    let error: unknown;
    try {
      readScramUsers(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ScramUsersError);
    expect((error as Error).message).toMatch(message);
    for (const secret of [salt, storedKey, serverKey])
      expect((error as Error).message).not.toContain(secret.slice(0, 8));
  });
});
