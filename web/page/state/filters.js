// Filters of the state: changing them, and as the API writes them. Pure.

/** `filters` with `value` of `field` added, or taken away where it is there. */
export function toggled(filters, field, value) {
  const values = filters[field]?.values ?? [];
  const now = values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
  return replaced(filters, field, now.length ? { values: now } : null);
}

/** `filters` with what holds for `field` replaced; null takes it away. */
export function replaced(filters, field, filter) {
  const { [field]: _, ...others } = filters;
  return filter ? { ...others, [field]: filter } : others;
}

/**
 * {filters, any} as the API takes them: all of `filters` must hold, and one of `any`. Without those of the field `left`.
 * A comma parts values there, so that several values of which one has a comma are named one by one.
 */
export function written(filters, left = null) {
  const fields = Object.entries(filters).filter(([field]) => field !== left);
  const apart = fields.find(([, { values }]) => values?.length > 1 && values.some((value) => value.includes(",")));
  return {
    filters: fields.filter((one) => one !== apart).flatMap(conditions),
    any: apart ? apart[1].values.map((value) => `${apart[0]}=${value}`) : undefined,
  };
}

const conditions = ([field, { values, from, to }]) => [
  ...(values?.length ? [`${field}=${values.join(",")}`] : []),
  ...(from ? [`${field}>=${from}`] : []),
  ...(to ? [`${field}<=${to}`] : []),
];
