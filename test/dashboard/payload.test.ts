// What a payload is taken for, its numbers, and what is shown of it.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numberAt, numericPathsOf, pathText } from "../../dashboard/src/live/numbers.ts";
import { type Content, contentOf, fileNameOf, hexLines, summaryOf, viewsOf } from "../../dashboard/src/live/payload.ts";
import { images } from "./support/images.ts";

const contentOfText = (text: string) => contentOf(new TextEncoder().encode(text));
const layoutOf = (content: Content) => (content.kind === "json" ? content.tokens.map(({ text }) => text).join("") : "");

describe("a payload", () => {
  it.each([
    ["", "empty"],
    ["21.5", "number"],
    [" -3e2\n", "number"],
    [".5", "number"],
    ["1e999", "text"],
    ["21.5 °C", "text"],
    ["0x10", "text"],
    ['{"a":1}', "json"],
    [" [1]", "json"],
    ['{"a":1', "text"],
    ['"text"', "text"],
    ["true", "text"],
    ["two\nlines\tand a tab", "text"],
    ["grüße 🙂", "text"],
    ["a\u0000b", "binary"],
  ])("%j is %s", (text, kind) => {
    expect(contentOfText(text).kind).toBe(kind);
  });

  it("is binary where it is not UTF-8", () => {
    expect(contentOf(new Uint8Array([0xff, 0xfe])).kind).toBe("binary");
    expect(contentOf(new Uint8Array([0x61, 0xc3])).kind).toBe("binary");
  });

  it("is shown in hexadecimal with its ASCII beside it, where it is binary", () => {
    const bytes = new Uint8Array([0, 1, 0x41, 0x42, 0xff, 0x3c, 0x3e, 0x20, 0x7f]);
    expect(hexLines(bytes)).toBe("0000  00 01 41 42 ff 3c 3e 20  ··AB·<> \n0008  7f                       ·");
  });

  it("is one line in a list", () => {
    expect(summaryOf(contentOfText('{ "a": [1, 2],\n "b": "x y" }'))).toBe('{"a":[1,2],"b":"x y"}');
    expect(summaryOf(contentOfText(""))).toBe("(empty)");
    expect(summaryOf(contentOf(new Uint8Array(30)))).toMatch(/^(00 ){24}…$/);
  });
});

describe("an image", () => {
  it.each(Object.entries(images))(
    "%s is known by its first bytes, with its size",
    (_, { bytes, type, width, height }) => {
      const content = contentOf(bytes);
      expect(content).toEqual({ kind: "image", image: { type, width, height } });
      expect(viewsOf(content)).toEqual(["image", "hex"]);
      expect(contentOf(bytes.slice(0, 20), false).kind).toBe("binary");
      expect(contentOf(bytes.slice(0, 8)).kind).toBe("binary");
    },
  );

  it("is no SVG, no HTML, and no JPEG without a size", () => {
    expect(contentOfText('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>').kind).toBe("text");
    expect(contentOfText("<!doctype html><script>1</script>").kind).toBe("text");
    expect(contentOf(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 7)).kind).toBe("binary");
    expect(contentOf(Uint8Array.of(0xff, 0xd8, 0xff, 0, 0x41)).kind).toBe("binary");
  });
});

describe("a payload that is long", () => {
  it("is laid out up to a limit, and not cut within a letter", () => {
    const content = contentOfText(`${"x".repeat(64 * 1024 - 1)}ü and more`);
    expect(content).toEqual({ kind: "text", text: "x".repeat(64 * 1024 - 1) });
    expect(contentOf(new TextEncoder().encode("abü").subarray(0, 3), false)).toEqual({ kind: "text", text: "ab" });
  });
});

describe("the file of a payload", () => {
  it.each([
    ["home/camera", "x", "camera.txt"],
    ["home/a b/<c>", '{"a":1}', "c-.json"],
    ["../..", "x", "payload.txt"],
    ["a/.profile", "x", "profile.txt"],
    ["page.html", "<p>", "page.html.txt"],
    [`a/${"ü".repeat(300)}`, "\u0000", `${"ü".repeat(60)}.bin`],
  ])("of %.20s is named by its topic and kind", (topic, payload, name) => {
    expect(fileNameOf(topic, contentOfText(payload))).toBe(name);
  });

  it("has the ending of its kind of image", () => {
    const endings = Object.values(images).map(({ bytes }) => fileNameOf("a", contentOf(bytes)));
    expect(endings).toEqual(["a.png", "a.jpg", "a.gif", "a.webp", "a.webp", "a.webp"]);
  });
});

describe("JSON", () => {
  it("is laid out as JSON.stringify does", () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())), (value) => {
        expect(layoutOf(contentOfText(JSON.stringify(value)))).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });

  it("keeps long numbers and names that come twice", () => {
    const layout = layoutOf(contentOfText('{"id":12345678901234567890,"id":1.10}'));
    expect(layout).toBe('{\n  "id": 12345678901234567890,\n  "id": 1.10\n}');
  });

  it("is told apart in names, strings, numbers and words", () => {
    const content = contentOfText('{"a":"b","c":[1,true,null]}');
    const kinds = content.kind === "json" ? content.tokens.map(({ kind, text }) => `${kind} ${text}`) : [];
    for (const token of ['name "a"', 'string "b"', "number 1", "word true", "word null"])
      expect(kinds).toContain(token);
  });
});

describe("numbers", () => {
  it("are the payload itself, or inside its JSON", () => {
    expect(numericPathsOf(contentOfText("21.5"))).toEqual([[]]);
    const content = contentOfText(
      '{"t":1,"wifi":{"rssi":-60,"ssid":"x"},"list":[2,"3",{"v":4}],"on":true,"none":null}',
    );
    expect(numericPathsOf(content).map(pathText)).toEqual(["t", "wifi.rssi", "list[0]", "list[2].v"]);
    expect(numericPathsOf(content).map((path) => numberAt(content, path))).toEqual([1, -60, 2, 4]);
  });

  it("are not found where a later payload has another shape", () => {
    for (const text of ["7", "[]", "{}", '{"wifi":3}', '{"wifi":null}', "x", ""])
      expect(numberAt(contentOfText(text), ["wifi", "rssi"])).toBeUndefined();
    expect(numberAt(contentOfText('{"a":1}'), [])).toBeUndefined();
  });

  it("are offered up to a limit", () => {
    expect(numericPathsOf(contentOfText(JSON.stringify(Array.from({ length: 500 }, (_, i) => i))))).toHaveLength(50);
    expect(numericPathsOf(contentOfText(`${"[".repeat(30)}1${"]".repeat(30)}`))).toEqual([]);
  });
});
