"""Taking over what a legacy consumer left in the account, without losing or repeating anything.

`inventory` finds it, `resource_properties` describes it, `import_template` has it imported.
`mappings`, `drain` and `boundary` stop the legacy consumer and note how far it notified.
`takeover` does all of it in order; docs/howto/takeover.md says why the order is this one.
"""
