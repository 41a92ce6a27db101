import fc from "fast-check";
import { expect, test } from "vitest";
import { spreadWave } from "../../../shared/calendar/wave.ts";

test("the canary goes alone on the first night, then as many as may run at once", () => {
  const order = { firstDay: "2026-02-27", concurrency: 2, canary: "c" };
  expect(spreadWave(["a", "b", "c", "d", "a"], order)).toEqual([
    { tenant: "c", night: 0, day: "2026-02-27" },
    { tenant: "a", night: 1, day: "2026-02-28" },
    { tenant: "b", night: 1, day: "2026-02-28" },
    { tenant: "d", night: 2, day: "2026-03-01" },
  ]);
});

test("every tenant is placed once, and no night has more than may run at once", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 50 }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      (tenants, concurrency, withCanary) => {
        const canary = withCanary ? tenants[0] : undefined;
        const places = spreadWave(tenants, { firstDay: "2026-02-27", concurrency, canary });
        expect(places.map(({ tenant }) => tenant).toSorted()).toEqual(tenants.toSorted());
        const nights = places.map(({ night }) => night);
        for (const night of nights)
          expect(nights.filter((one) => one === night).length).toBeLessThanOrEqual(concurrency);
        if (withCanary) expect(nights.filter((one) => one === 0)).toHaveLength(1);
      },
    ),
  );
});
