/** Owns what WELCOME announces. Tests read it: an announced feature without a scenario fails them. */

/** WELCOME.Details.roles (WAMP advanced, "Feature Announcement"). */
export const ROLES = Object.freeze({
  broker: Object.freeze({
    features: Object.freeze({
      _trace_context: true,
      pattern_based_subscription: true,
      publisher_exclusion: true,
      publisher_identification: true,
      session_meta_api: true,
      subscriber_blackwhite_listing: true,
      subscription_meta_api: true,
    }),
  }),
  dealer: Object.freeze({
    features: Object.freeze({
      _trace_context: true,
      call_canceling: true,
      call_timeout: true,
      caller_identification: true,
      pattern_based_registration: true,
      progressive_call_results: true,
      registration_meta_api: true,
      session_meta_api: true,
      shared_registration: true,
    }),
  }),
});

/** What a realm announces that forwards no trace context. */
export const ROLES_UNTRACED = Object.freeze({
  broker: without(ROLES.broker, '_trace_context'),
  dealer: without(ROLES.dealer, '_trace_context'),
});

function without(role: { readonly features: Readonly<Record<string, true>> }, feature: string): typeof role {
  const { [feature]: _, ...features } = role.features;
  return Object.freeze({ features: Object.freeze(features) });
}
