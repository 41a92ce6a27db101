import fc from "fast-check";
import { expect, test } from "vitest";
import { canonical, evaluationKey, isKeyOf, readKey } from "../../../shared/tenant/licence.ts";
import { EDITIONS, SERVICES } from "../../../shared/tenant/model.ts";

const terms = fc.record({
  tenantId: fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }),
  service: fc.constantFrom(...SERVICES),
  edition: fc.constantFrom(...EDITIONS),
  users: fc.integer({ min: 0, max: 1_000_000 }),
  posTerminals: fc.integer({ min: 0, max: 1_000_000 }),
});

test("a key gives back what it was issued for, and belongs to its tenant only", () => {
  fc.assert(
    fc.property(terms, fc.string(), (given, other) => {
      const key = evaluationKey(given);
      expect(key).toMatch(/^FW1(-[0-9A-HJKMNP-TV-Z]{4}){8}$/);
      const read = readKey(key);
      const { tenantId, ...rest } = given;
      expect(read).toMatchObject(rest);
      expect(read && isKeyOf(read, tenantId)).toBe(true);
      if (other !== tenantId) expect(read && isKeyOf(read, other)).toBe(false);
    }),
  );
});

test("a key is read as people type it", () => {
  const key = evaluationKey({
    tenantId: "t-1",
    service: "openbravo",
    edition: "commerce",
    users: 10,
    posTerminals: 20,
  });
  const typed = `  ${key.toLowerCase().slice(0, 4)}${key.slice(4).toLowerCase().replaceAll("0", "o").replaceAll("1", "l")}\n`;
  expect(readKey(typed)).toEqual(readKey(key));
  expect(canonical(typed)).toBe(key);
});

test("one wrong sign anywhere makes a key malformed", () => {
  const key = evaluationKey({ tenantId: "t-1", service: "acumatica", edition: "prime", users: 3, posTerminals: 0 });
  for (let at = 4; at < key.length; at++) {
    if (key[at] === "-") continue;
    for (const sign of "0A7ZX") {
      if (sign === key[at]) continue;
      expect(readKey(key.slice(0, at) + sign + key.slice(at + 1))).toBeNull();
    }
  }
});

test("no text at all breaks the reader", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constant("FW1-")), (text) => {
      expect(readKey(text)).toBeNull();
    }),
  );
});
