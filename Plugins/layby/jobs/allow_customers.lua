local allowance = require "layby.lib.allowance"

return {
  id = "allow_customers", title = "Switch allowLayby on for all active customers", overlap = "queue",
  permission = "layby.configure",
  -- The cursor is how many were switched on, those of the request that began it included.
  run = function(cursor, _, args)
    local before = cursor or args.changed or 0
    local count = allowance.step(25)
    if count == 0 then
      allowance.note(before, args.reason)
      return nil
    end
    return before + count
  end,
}
