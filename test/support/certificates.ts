// Certificates for tests, made by openssl: an authority, and a server of this machine's that it vouches for.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export type Certificates = {
  /** PEM. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
};

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-test-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const read = (name: string) => readFileSync(path.join(folder, name), "utf8");
  try {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    openssl(
      "req",
      "-x509",
      ...key,
      "-days",
      "2",
      "-subj",
      "/CN=authority",
      "-keyout",
      "authority.key",
      "-out",
      "authority.pem",
    );
    openssl("req", ...key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr");
    writeFileSync(path.join(folder, "names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    const signed = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-extfile", "names"];
    openssl("x509", "-req", "-in", "server.csr", "-days", "2", ...signed, "-out", "server.pem");
    return { authority: read("authority.pem"), certificate: read("server.pem"), key: read("server.key") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
