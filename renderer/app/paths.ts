export const SETTINGS_SECTIONS = ["general", "accounts", "mail", "vault", "about"] as const;
export type SettingsSection = (typeof SETTINGS_SECTIONS)[number];

/** Addresses inside the window: areas link to each other by these and by nothing else. */
export const paths = {
  fleet: "/fleet",
  newTenant: "/new-tenant",
  jobs: "/jobs",
  calendar: "/calendar",
  notices: "/notices",
  lab: "/lab",
  /** With an environment: ready to log in there. */
  terminals: (environmentId?: string) =>
    environmentId === undefined ? "/terminals" : `/terminals/${encodeURIComponent(environmentId)}`,
  hostKeys: (environmentId: string) => `/host-keys/${encodeURIComponent(environmentId)}`,
  versions: "/versions",
  expiry: "/expiry",
  policy: "/policy",
  tenant: (slug: string) => `/tenants/${encodeURIComponent(slug)}`,
  contract: (slug: string) => `/tenants/${encodeURIComponent(slug)}/contract`,
  restore: (slug: string) => `/tenants/${encodeURIComponent(slug)}/restore`,
  restoreCase: (id: string) => `/restores/${encodeURIComponent(id)}`,
  snapshots: (slug: string) => `/tenants/${encodeURIComponent(slug)}/snapshots`,
  access: "/access",
  tenantAccess: (slug: string) => `/tenants/${encodeURIComponent(slug)}/access`,
  maintenance: "/maintenance",
  runbooks: "/maintenance/runbooks",
  /** With tenants ("slug/kind", comma between) or a planned window to begin with. */
  newRun: (from: { readonly tenants?: readonly string[]; readonly windowId?: string } = {}) => {
    const query = new URLSearchParams({
      ...(from.tenants?.length ? { tenants: from.tenants.join(",") } : {}),
      ...(from.windowId ? { window: from.windowId } : {}),
    }).toString();
    return query ? `/maintenance/new?${query}` : "/maintenance/new";
  },
  run: (id: string) => `/maintenance/runs/${encodeURIComponent(id)}`,
  metrics: (slug: string) => `/tenants/${encodeURIComponent(slug)}/metrics`,
  /** Of a month, "2026-03", or of the present one. */
  sla: (month?: string) => (month ? `/sla/${month}` : "/sla"),
  tenantSla: (slug: string, month?: string) => `/tenants/${encodeURIComponent(slug)}/sla${month ? `/${month}` : ""}`,
  window: (id: string) => `/calendar/${encodeURIComponent(id)}`,
  job: (id: string) => `/jobs/${encodeURIComponent(id)}`,
  settings: (section: SettingsSection = "general") => `/settings/${section}`,
} as const;
