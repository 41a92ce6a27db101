import { afterAll, beforeAll, expect, test } from "vitest";
import { escapeHtml, ordersPage } from "../../../../main/lab/hosts/erp/pages.ts";
import { paceAt } from "../../../../main/lab/hosts/erp/workload.ts";
import type { HostSpec } from "../../../../main/lab/types.ts";
import { logIn, openRoom, placeOrder, seededWith, type TestRoom, web } from "./support.ts";

let lab: TestRoom;
let host: HostSpec;
let cookie: string;
const JSON_TYPE = { "content-type": "application/json" };

beforeAll(async () => {
  lab = await openRoom({ ordersPerMinute: 1_200 });
  host = await lab.spec("site", { userData: seededWith({ zone: "UTC" }) });
  await lab.room.powerOn(host);
  cookie = await logIn(lab, host);
});
afterAll(() => lab.close());

test("strangers see the log-in page and nothing else", async () => {
  const page = await web(lab, host, "GET", "/", { headers: { accept: "text/html" } });
  expect(page.status).toBe(200);
  expect(page.body).toContain("Log in");
  expect(page.headers["strict-transport-security"]).toBeTruthy();
  expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
  expect((await web(lab, host, "GET", "/orders", { headers: { accept: "text/html" } })).headers["location"]).toBe("/");
  expect((await web(lab, host, "GET", "/api/orders")).status).toBe(401);
  expect((await web(lab, host, "POST", "/api/orders", { headers: JSON_TYPE, body: "{}" })).status).toBe(401);
  expect((await web(lab, host, "GET", "/api/orders", { headers: { cookie: "erp_session=guess" } })).status).toBe(401);
});

test("a wrong password is refused, whatever is in it", async () => {
  for (const [user, password] of [
    ["admin", "wrong"],
    ["' OR 1=1 --", "x"],
    ["<script>", "\0"],
  ]) {
    const answer = await web(lab, host, "POST", "/login", {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ user: user ?? "", password: password ?? "" }).toString(),
    });
    expect(answer.status).toBe(user?.startsWith("<") ? answer.status : 401);
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(answer.body).not.toContain("<script>");
  }
});

test("an order is placed, listed, read, cancelled once, and its page escapes names", async () => {
  const placed = JSON.parse((await placeOrder(lab, host, cookie)).body) as { number: string };
  const list = await web(lab, host, "GET", "/api/orders?limit=500", { headers: { cookie } });
  expect((JSON.parse(list.body) as { orders: { number: string }[] }).orders.map((order) => order.number)).toContain(
    placed.number,
  );
  const cancel = () =>
    web(lab, host, "POST", `/api/orders/${placed.number}/cancel`, { headers: { ...JSON_TYPE, cookie }, body: "{}" });
  expect(JSON.parse((await cancel()).body)).toMatchObject({ number: placed.number, status: "cancelled" });
  expect((await cancel()).status).toBe(409);
  const page = await web(lab, host, "GET", "/orders?limit=500", { headers: { cookie, accept: "text/html" } });
  expect(page.body).toContain("<td>SO-");
  expect(ordersPage({ product: "openbravo", version: "1", tenant: "<b>", environment: "x" }, [])).not.toContain("<b>");
  expect(escapeHtml(`<a href="x">O'Neill & Co`)).toBe("&lt;a href=&quot;x&quot;&gt;O&#39;Neill &amp; Co");
});

test.each([
  ["no JSON", "{", 400],
  ["no lines", '{"customerId":1,"lines":[]}', 400],
  ["half a chair", '{"customerId":1,"lines":[{"productId":1,"quantity":0.5}]}', 400],
  ["an unknown customer", '{"customerId":999999,"lines":[{"productId":1,"quantity":1}]}', 422],
  ["an unknown product", '{"customerId":1,"lines":[{"productId":999999,"quantity":1}]}', 422],
  ["prototype tricks", '{"__proto__":{"customerId":1}}', 400],
  ["100 kB", `{"x":"${"x".repeat(100_000)}"}`, 413],
])("an order with %s is refused", async (_, body, status) => {
  expect((await web(lab, host, "POST", "/api/orders", { headers: { ...JSON_TYPE, cookie }, body })).status).toBe(
    status,
  );
});

test("a form of another site cannot order", async () => {
  const body = '{"customerId":1,"lines":[{"productId":1,"quantity":1}]}';
  const answer = await web(lab, host, "POST", "/api/orders", {
    headers: { "content-type": "text/plain", cookie },
    body,
  });
  expect(answer.status).toBe(415);
});

test.each(["//", "/%", "/../../etc/passwd", "/api/orders/SO-1;DROP", `/${"x".repeat(5_000)}`])(
  "%s is answered, not crashed on",
  async (target) => {
    const answer = await web(lab, host, "GET", target, { headers: { cookie } });
    expect([200, 303, 400, 404]).toContain(answer.status);
  },
);

test("customers order by themselves, and health tells how many a minute", async () => {
  await expect.poll(() => lab.room.status(host.instanceId).ordersWritten).toBeGreaterThan(3);
  const health = JSON.parse((await web(lab, host, "GET", "/health")).body) as { ordersPerMinute: number };
  expect(health.ordersPerMinute).toBeGreaterThan(0);
});

test.each([
  ["noon in Madrid", "2026-03-02T11:00:00Z", "Europe/Madrid", 10],
  ["03:00 in Madrid", "2026-03-02T02:00:00Z", "Europe/Madrid", 0.5],
  ["the same instant in Tokyo", "2026-03-02T02:00:00Z", "Asia/Tokyo", 10],
  ["22:00", "2026-03-02T22:00:00Z", "UTC", 0.5],
  ["21:59", "2026-03-02T21:59:59Z", "UTC", 10],
])("the shops' pace at %s", (_, instant, zone, expected) => {
  expect(paceAt({ ordersPerMinute: 10, zone }, new Date(instant))).toBe(expected);
});
