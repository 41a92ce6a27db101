import type { Order } from "./store.ts";

const PRODUCT_NAMES: Readonly<Record<string, string>> = { openbravo: "Openbravo", acumatica: "Acumatica" };

export interface PageFacts {
  readonly product: string | null;
  readonly version: string | null;
  readonly tenant: string | null;
  readonly environment: string | null;
}

/** Text as HTML shows it, whatever signs it holds. */
export function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (sign) => names[sign] ?? sign);
}

export function loginPage(facts: PageFacts, problem: string | null): string {
  return page(
    facts,
    "Log in",
    `${problem ? `<p role="alert">${escapeHtml(problem)}</p>` : ""}
    <form method="post" action="/login">
      <label>User <input name="user" autocomplete="username" required autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <button>Log in</button>
    </form>`,
  );
}

export function ordersPage(facts: PageFacts, orders: readonly Order[]): string {
  const rows = orders.map(
    (order) =>
      `<tr><td>${escapeHtml(order.number)}</td><td>${escapeHtml(order.customer)}</td><td>${escapeHtml(order.status)}</td>` +
      `<td>${escapeHtml(order.placedAt.toISOString())}</td><td class="number">${escapeHtml(order.total)}</td></tr>`,
  );
  return page(
    facts,
    "Orders",
    `<table><thead><tr><th>Number</th><th>Customer</th><th>State</th><th>Placed</th><th>Total</th></tr></thead>
    <tbody>${rows.join("\n")}</tbody></table>
    <form method="post" action="/logout"><button>Log out</button></form>`,
  );
}

export function noticePage(facts: PageFacts, title: string, text: string): string {
  return page(facts, title, `<p>${escapeHtml(text)}</p>`);
}

function page(facts: PageFacts, title: string, content: string): string {
  const product = PRODUCT_NAMES[facts.product ?? ""] ?? "ERP";
  const place = [facts.tenant, facts.environment].filter(Boolean).join(", ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(`${title} · ${facts.tenant ?? product}`)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color-scheme: light dark }
header { display: flex; gap: 1rem; align-items: baseline; border-bottom: 2px solid #4a6; margin-bottom: 1.5rem }
label { display: block; margin: .5rem 0 } table { border-collapse: collapse; width: 100% }
td, th { padding: .25rem .5rem; text-align: left; border-bottom: 1px solid #8884 } .number { text-align: right }
[role=alert] { color: #c33 }
</style>
</head>
<body>
<header><h1>${product}</h1><span>${escapeHtml(place)}</span><small>${escapeHtml(facts.version ?? "")} · lab</small></header>
<main><h2>${escapeHtml(title)}</h2>
${content}
</main>
</body>
</html>
`;
}
