// Values with bytes in them as one line of JSON: bytes are base64, and numbers that JSON lacks are named.

const bytesKey = "$bytes";
const numberKey = "$number";

export function toJsonLine(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, converted) {
    // As it was before `toJSON`, which a Buffer has.
    const original = this[key];
    if (original instanceof ArrayBuffer) return { [bytesKey]: Buffer.from(original).toString("base64") };
    if (ArrayBuffer.isView(original)) {
      const { buffer, byteOffset, byteLength } = original;
      return { [bytesKey]: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
    }
    if (typeof original === "number" && !Number.isFinite(original)) return { [numberKey]: String(original) };
    return converted;
  });
}

/** Bytes come back as a Uint8Array of their own. */
export function fromJsonLine(line: string): unknown {
  return JSON.parse(line, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if (bytesKey in value) return Uint8Array.from(Buffer.from(String(value[bytesKey]), "base64"));
    return numberKey in value ? Number(value[numberKey]) : value;
  });
}
