import { randomUUID } from "node:crypto";
import { provisionRequest } from "../support/provision-request.ts";
import { expect, test } from "./console.ts";

test("after a sleep the window says so; while a job is at work the computer does not fall asleep by itself", async ({
  page,
  host,
}) => {
  test.skip(host.kind !== "electron", "a browser hears nothing of the computer's sleep");
  const app = host.app!;
  const keptAwake = () =>
    app.evaluate(({ powerSaveBlocker }) =>
      Array.from({ length: 20 }, (_, id) => id).some((id) => powerSaveBlocker.isStarted(id)),
    );
  await expect.poll(keptAwake).toBe(false);
  const order = await provisionRequest(host.client, { customer: "Kept Awake", prefix: "kept-awake" });
  await host.client.tenant.provision({ requestId: randomUUID(), ...order });
  await expect.poll(keptAwake).toBe(true);

  await app.evaluate(({ powerMonitor }) => void powerMonitor.emit("resume"));
  await expect(page.getByRole("alert").filter({ hasText: "This computer stood still for" })).toBeVisible();
  await expect.poll(keptAwake, { timeout: 120_000 }).toBe(false);
});
