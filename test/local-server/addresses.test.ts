// What this machine is called by those who connect to it: as the server says, and as it takes requests.

import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { readSettings } from "../../src/settings.ts";
import { isLoopback, namesOf, reachableFromHere } from "../../tools/local-server/addresses.ts";

const ofLoopback = ["localhost", "127.0.0.1", "[::1]"];

describe("an address to listen on", () => {
  it.each(["127.0.0.1", "127.8.9.10", "localhost", "::1"])("%s is this machine's own", (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(["0.0.0.0", "::", "192.0.2.1", "fe80::1", "localhost.example.org", "127.0.0.1.example.org", "128.0.0.1"])(
    "%s is not, and others may connect",
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );

  it.each([
    ["0.0.0.0", "127.0.0.1"],
    ["::", "[::1]"],
    ["::1", "[::1]"],
    ["192.0.2.1", "192.0.2.1"],
  ])("%s is %s from here", (host, address) => {
    expect(reachableFromHere(host)).toBe(address);
  });
});

describe("the names that requests may use", () => {
  it("are those of loopback, and of the address that is listened on", () => {
    expect(namesOf("127.0.0.1")).toEqual(ofLoopback);
    expect(namesOf("192.0.2.1")).toEqual([...ofLoopback, "192.0.2.1"]);
    expect(namesOf("2001:db8::1")).toEqual([...ofLoopback, "[2001:db8::1]"]);
  });

  it("are all of this machine where it listens on every address, and no others", () => {
    for (const host of ["0.0.0.0", "::"]) {
      const names = namesOf(host);
      expect(names).toEqual(expect.arrayContaining([...ofLoopback, hostname(), `${hostname()}.local`]));
      expect(names).not.toContain("example.org");
      expect(names).not.toContain("0.0.0.0");
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it.each(["127.0.0.1", "0.0.0.0", "2001:db8::1"])("of %s are what the setting takes", (host) => {
    const { web } = readSettings({ ALLOWED_HOSTS: namesOf(host).join(",") });
    expect(web.allowedHosts).toEqual(namesOf(host).map((name) => name.toLowerCase()));
  });
});
