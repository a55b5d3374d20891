// The credentials that dashboards make for their own connections: good for some hours, and no devices. Also part of the
// dashboard, so it imports nothing.

export const dashboardCredentialName = "Dashboard";
export const dashboardUsernamePrefix = "dashboard-";

export function isOfDashboard({ name, username }: { readonly name: string; readonly username: string }): boolean {
  return name === dashboardCredentialName && username.startsWith(dashboardUsernamePrefix);
}
