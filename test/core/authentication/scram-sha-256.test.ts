// The server's side of SCRAM-SHA-256. RFC 5802, and the example of RFC 7677 section 3.

import { describe, expect, it } from "vitest";
import { onClientFinal, onClientFirst, type ScramExchange } from "../../../src/core/authentication/scram-sha-256.ts";
import { readScramUsers } from "../../../src/core/authentication/scram-users.ts";
import { ScramClient, scramUser } from "../../support/scram-client.ts";

// Made from the password "pencil".
const user =
  "user=SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
const clientNonce = "rOprNGfwEbeRWgbNEkqO";
const serverNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const nonce = clientNonce + serverNonce;
const proof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

const users = readScramUsers(user);
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (message: Uint8Array) => new TextDecoder().decode(message);

function first(message: string | Uint8Array, from = users) {
  return onClientFirst(from, typeof message === "string" ? bytes(message) : message, serverNonce);
}

function final(message: string | Uint8Array, exchange = first(`n,,n=user,r=${clientNonce}`).exchange, from = users) {
  return onClientFinal(from, exchange, typeof message === "string" ? bytes(message) : message);
}

function refusalOf(act: () => unknown): string {
  try {
    act();
    return "accepted";
  } catch (error) {
    const { name, message, reasonCode } = error as { name: string; message: string; reasonCode: number };
    return name === "ProtocolError" ? `0x${reasonCode.toString(16)} ${message}` : `crashed: ${error}`;
  }
}

describe("the example of RFC 7677", () => {
  it("is answered with its messages, byte by byte", () => {
    const { exchange, serverFirst } = first(`n,,n=user,r=${clientNonce}`);
    expect(text(serverFirst)).toBe(`r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
    const { username, serverFinal } = final(`c=biws,r=${nonce},p=${proof}`, exchange);
    expect(username).toBe("user");
    expect(text(serverFinal)).toBe("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  });

  it("goes on from JSON", () => {
    const exchange = JSON.parse(JSON.stringify(first(`n,,n=user,r=${clientNonce}`).exchange)) as ScramExchange;
    expect(final(`c=biws,r=${nonce},p=${proof}`, exchange).username).toBe("user");
  });
});

describe("client-first-message", () => {
  it.each([
    ["that knows channel binding and sees none here", `y,,n=user,r=${clientNonce}`],
    ["of a user who acts for itself", `n,a=user,n=user,r=${clientNonce}`],
    ["with an extension", `n,,n=user,r=${clientNonce},x=1,Y=a=b`],
    ["with a name that is not in its prepared form", `n,,n=us\u00ader,r=${clientNonce}`],
  ])("%s is accepted", (_, message) => {
    expect(first(message).exchange.username).toBe("user");
  });

  it("has a comma and an equals sign in its name as =2C and =3D", () => {
    expect(first(`n,,n=a=2Cb=3D2C,r=${clientNonce}`).exchange.username).toBe("a,b=2C");
  });

  it.each([
    ["empty", ""],
    ["without its header", `n=user,r=${clientNonce}`],
    ["without the place of another user", `n,n=user,r=${clientNonce}`],
    ["of another kind of channel binding", `x,,n=user,r=${clientNonce}`],
    ["without a name", `n,,r=${clientNonce}`],
    ["with an empty name", `n,,n=,r=${clientNonce}`],
    ["without a nonce", "n,,n=user"],
    ["with an empty nonce", "n,,n=user,r="],
    ["with a nonce that cannot be printed", "n,,n=user,r=a b"],
    ["in another order", `n,,r=${clientNonce},n=user`],
    ["with something before the name", `n,,x=1,n=user,r=${clientNonce}`],
    ["with an extension that has to be understood, at its place", `n,,m=1,n=user,r=${clientNonce}`],
    ["with one at its end", `n,,n=user,r=${clientNonce},m=1`],
    ["with its nonce twice", `n,,n=user,r=${clientNonce},r=${clientNonce}`],
    ["with an extension that is none", `n,,n=user,r=${clientNonce},xx=1`],
    ["with a comma at its end", `n,,n=user,r=${clientNonce},`],
    ["with a line break at its end", `n,,n=user,r=${clientNonce}\n`],
  ])("%s is none", (_, message) => {
    expect(refusalOf(() => first(message))).toBe("0x87 this is not a client-first-message of SCRAM");
  });

  it.each([
    ["an equals sign", "a=b"],
    ["an escape in small letters", "a=2cb"],
    ["a control character", "a\tb"],
    ["nothing in its prepared form", "\u00ad"],
  ])("is refused where its name has %s", (_, name) => {
    expect(refusalOf(() => first(`n,,n=${name},r=${clientNonce}`))).toBe("0x87 this is not a user name of SCRAM");
  });

  it("is refused where it asks for channel binding", () => {
    const message = `p=tls-unique,,n=user,r=${clientNonce}`;
    expect(refusalOf(() => first(message))).toMatch(/^0x87 channel binding/);
  });

  it("is refused where a user would act for another", () => {
    expect(refusalOf(() => first(`n,a=root,n=user,r=${clientNonce}`))).toBe("0x87 nobody may act for another user");
  });

  it.each([
    ["not UTF-8", Uint8Array.of(...bytes("n,,n="), 0xff, ...bytes(",r=a"))],
    ["with U+0000", bytes("n,,n=a\u0000,r=a")],
    ["too long", bytes(`n,,n=user,r=${"a".repeat(4096)}`)],
  ])("%s is refused", (_, message) => {
    expect(refusalOf(() => first(message))).toMatch(/^0x87 the message /);
  });
});

/** As long as a right one: what is sent with it fits, or not, alike. */
const wrong = { username: "user", isRight: false, serverFinal: new Uint8Array(46) };

describe("client-final-message", () => {
  const good = `c=biws,r=${nonce},p=${proof}`;
  const client = new ScramClient("user", "pencil", { nonce: clientNonce });
  const serverFirst = first(`n,,n=user,r=${clientNonce}`).serverFirst;

  it("may have an extension, which the proof covers", () => {
    const message = client.final(serverFirst, `c=biws,r=${nonce},x=1`);
    expect(text(final(message).serverFinal)).toBe(client.serverFinal.toString());
    expect(final(good.replace(",p=", ",x=1,p="))).toEqual(wrong);
  });

  it.each([
    ["empty", ""],
    ["without its channel binding", `r=${nonce},p=${proof}`],
    ["without a nonce", `c=biws,p=${proof}`],
    ["without a proof", `c=biws,r=${nonce}`],
    ["with an empty proof", `c=biws,r=${nonce},p=`],
    ["in another order", `r=${nonce},c=biws,p=${proof}`],
    ["with its proof before the end", `c=biws,p=${proof},r=${nonce}`],
    ["with its proof twice", `${good},p=${proof}`],
    ["with an extension that has to be understood", `c=biws,r=${nonce},m=1,p=${proof}`],
    ["with something behind the proof", `${good},x=1`],
  ])("%s is none", (_, message) => {
    expect(refusalOf(() => final(message))).toBe("0x87 this is not a client-final-message of SCRAM");
  });

  it.each([
    ["another header, y for n", "eSws"],
    ["another header, with a name", Buffer.from("n,a=user,").toString("base64")],
    ["base64 without its bits in order", "biwt"],
    ["more than the header", "biwsYQ=="],
  ])("is refused with the channel binding of %s", (_, binding) => {
    const message = client.final(serverFirst, `c=${binding},r=${nonce}`);
    expect(refusalOf(() => final(message))).toMatch(/^0x87 the channel binding/);
  });

  it("repeats the header of the first message, whichever it was", () => {
    for (const header of ["y,,", "n,a=user,"]) {
      const other = new ScramClient("user", "pencil", { header });
      const { exchange, serverFirst } = onClientFirst(users, other.first(), serverNonce);
      expect(final(other.final(serverFirst), exchange).username).toBe("user");
    }
  });

  it.each([
    ["without the server's part", clientNonce],
    ["without the client's part", serverNonce],
    ["with more behind it", `${nonce}a`],
  ])("is refused with a nonce %s", (_, other) => {
    const message = client.final(serverFirst, `c=biws,r=${other}`);
    expect(refusalOf(() => final(message))).toBe("0x87 the nonce is not that of this exchange");
  });

  it.each([
    ["no base64", "!".repeat(44)],
    ["without padding", proof.slice(0, -1)],
    ["with a line break behind it", `${proof}\n`],
    ["with bits behind its last byte", proof.replace("Q=", "R=")],
    ["too short", Buffer.alloc(31).toString("base64")],
    ["too long", Buffer.concat([Buffer.from(proof, "base64"), Buffer.alloc(1)]).toString("base64")],
  ])("is refused with a proof that is %s", (_, other) => {
    expect(refusalOf(() => final(`c=biws,r=${nonce},p=${other}`))).toBe("0x87 the proof is not 32 bytes in base64");
  });

  it("is wrong with a proof of another password, and with one that differs in one bit", () => {
    const other = new ScramClient("user", "pencils", { nonce: clientNonce });
    const bytesOfProof = Buffer.from(proof, "base64");
    expect(final(good)).toMatchObject({ isRight: true, serverFinal: { length: 46 } });
    expect(final(other.final(serverFirst))).toEqual(wrong);
    for (const [index, bit] of [
      [0, 0x80],
      [31, 0x01],
    ] as const) {
      const spoiled = Buffer.from(bytesOfProof);
      spoiled[index] = (spoiled[index] as number) ^ bit;
      expect(final(`c=biws,r=${nonce},p=${spoiled.toString("base64")}`)).toEqual(wrong);
    }
  });

  it("is refused in another exchange, though it was right in its own", () => {
    const { exchange } = onClientFirst(users, bytes(`n,,n=user,r=${clientNonce}`), "another");
    expect(refusalOf(() => final(good, exchange))).toBe("0x87 the nonce is not that of this exchange");
  });
});

describe("a name that nobody has", () => {
  const both = readScramUsers(`${scramUser("alice", "a", 4096)},${scramUser("bob", "b", 8192)}`);
  const saltOf = (name: string, from = both) =>
    text(first(`n,,n=${name},r=x`, from).serverFirst).replace(/^r=[^,]+,/, "");

  it("is answered like one that somebody has, and always the same", () => {
    const known = saltOf("alice");
    for (const name of ["carol", "dave"]) {
      expect(saltOf(name)).toBe(saltOf(name));
      expect(saltOf(name)).toMatch(/^s=[A-Za-z0-9+/]{22}==,i=(4096|8192)$/);
      expect(saltOf(name).length).toBe(known.length);
    }
    expect(saltOf("carol")).not.toBe(saltOf("dave"));
  });

  it("has the iterations of any user", () => {
    const iterations = Array.from({ length: 40 }, (_, count) => saltOf(`nobody${count}`).replace(/.*i=/, ""));
    expect(new Set(iterations)).toEqual(new Set(["4096", "8192"]));
  });

  it("keeps its salt when a user comes whom it does not look like", () => {
    const [alice, bob, carol] = [scramUser("alice", "a"), scramUser("bob", "b"), scramUser("carol", "c")];
    const [before, after] = [readScramUsers(`${alice},${bob}`), readScramUsers(`${alice},${bob},${carol}`)];
    const names = Array.from({ length: 200 }, (_, count) => `nobody${count}`);
    const changed = names.filter((name) => saltOf(name, before) !== saltOf(name, after)).length;
    expect(changed).toBeGreaterThan(0);
    expect(changed).toBeLessThan(120);
  });

  it("is wrong at the end, as a wrong password is", () => {
    const client = new ScramClient("nobody", "pencil");
    const { exchange, serverFirst } = onClientFirst(users, client.first(), serverNonce);
    const message = client.final(serverFirst);
    expect(final(message, exchange)).toEqual({ ...wrong, username: "nobody" });
  });

  it("is not let in by a user's own key, though it looks like that user", () => {
    // The proof is made with the key of "user", as one who knows that password could make it.
    const { exchange, serverFirst } = onClientFirst(users, bytes("n,,n=nobody,r=x"), serverNonce);
    const salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
    const client = new ScramClient("nobody", "pencil", { nonce: "x" });
    const message = client.final(serverFirst, undefined, salt);
    expect(final(message, exchange)).toEqual({ ...wrong, username: "nobody" });
  });
});
