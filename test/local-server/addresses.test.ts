// What this machine is called by those who connect to it: as the server says, and as it takes requests.

import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { readSettings } from "../../src/settings/settings.ts";
import { isLoopback, ownNames, reachableFromHere } from "../../tools/local-server/addresses.ts";

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
  it("are localhost and the machine's own, also in the local network", () => {
    expect(ownNames("Thinkpad")).toEqual(["localhost", "Thinkpad", "Thinkpad.local"]);
    expect(ownNames("thinkpad.example.org")).toEqual([
      "localhost",
      "thinkpad.example.org",
      "thinkpad",
      "thinkpad.local",
    ]);
    expect(ownNames("thinkpad.local")).toEqual(["localhost", "thinkpad.local", "thinkpad"]);
  });

  it.each([hostname(), "a name, of a strange kind", ""])("are what the setting takes (%s)", (name) => {
    const { web } = readSettings({ ALLOWED_HOSTS: ownNames(name).join(",") });
    expect(web.allowedHosts).toContain("localhost");
    expect(web.allowedHosts).toEqual(ownNames(name).map((each) => each.toLowerCase()));
  });
});
