-- expect: error
-- message: attempt to index a nil value (field 'customer')
-- line: 5
return function(order)
  order = order or {} return order.customer.name
end
