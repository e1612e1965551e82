return {
  title = "A tag for each piece of equipment",
  backfill = {
    { field = "rental.asset.tag", value = function(asset) return asset.code .. "/" .. asset.id end },
  },
}
