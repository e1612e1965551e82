return {
  name = "layby", version = "1.0.0", title = "Laybys",
  publisher = "kontor", license = "MIT",
  api = "2026.1", kernel = ">=0.1 <2",
  depends = { ["catalog"] = "^1.0", ["pos"] = "^1.0" },
  capabilities = {
    record = { read = { "catalog.product", "catalog.customer" },
               write = { "catalog.stock_level", "catalog.stock_movement", "catalog.stock_reservation", "catalog.customer" } },
    ledger = { post = { "*" } },
    -- Who takes a layby needs no right of its own to products and customers.
    elevate = { "catalog.view", "catalog.edit" },
  },
  -- As many steps as it takes for 100,000 laybys.
  budgets = {
    ["job:automation"] = { slices = 100000 }, ["job:archive"] = { slices = 100000 }, ["job:allow_customers"] = { slices = 100000 },
  },
  settings = {
    { key = "order_integration", type = "boolean", default = true, title = "Completion makes a sales order" },
    { key = "automation_enabled", type = "boolean", default = true, title = "Reminders, late fees and defaults run by themselves" },
    { key = "archive_after_months", type = "integer", default = 24, min = 12, max = 120,
      title = "Completed laybys move to the archive after so many months" },
  },
  permissions = {
    { "layby.view", title = "See laybys" },
    { "layby.create", title = "Make and edit laybys" },
    { "layby.pay", title = "Take payments for laybys" },
    { "layby.refund", title = "Refund payments of laybys" },
    { "layby.hold", title = "Put laybys on hold and make them active again" },
    { "layby.cancel", title = "Cancel laybys" },
    { "layby.complete", title = "Complete laybys" },
    { "layby.approve", title = "Make laybys above the amount that takes approval" },
    { "layby.automate", title = "See and run the automation of laybys" },
    { "layby.configure", title = "Recalculate, check, allow customers and archive" },
    -- The one flag of old: what a manager may, and the automation's page.
    { "canManageLaybys", title = "Manage laybys", includes = {
      "layby.view", "layby.create", "layby.pay", "layby.refund", "layby.hold", "layby.cancel", "layby.complete", "layby.approve",
      "layby.automate",
    } },
  },
  roles = {
    layby_read_only = { "layby.view" },
    layby_standard = { "layby.view", "layby.create", "layby.pay" },
    layby_manager = {
      "layby.view", "layby.create", "layby.pay", "layby.refund", "layby.hold", "layby.cancel", "layby.complete", "layby.approve",
    },
    layby_admin = {
      "layby.view", "layby.create", "layby.pay", "layby.refund", "layby.hold", "layby.cancel", "layby.complete", "layby.approve",
      "layby.automate", "layby.configure",
    },
    cashier = { "layby.view", "layby.create", "layby.pay" },
    manager = { "canManageLaybys" },
    accountant = { "layby.view" },
  },
  series = {
    { name = "layby.layby", format = "LAY-{year}-{seq:6}", reset = "year" },
    { name = "layby.receipt", format = "LPR-{year}-{seq:6}", reset = "year" },
    { name = "layby.order", format = "ORD-{year}-{seq:6}", reset = "year" },
  },
}
