"""Deploy the template: package, parameters, change set, stack events, rollout, teardown."""
