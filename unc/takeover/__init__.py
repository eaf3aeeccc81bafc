"""Taking over what an older consumer left in the account, without losing or repeating anything.

`inventory` finds it, `as_is` describes it, `import_template` hands it to CloudFormation as it is,
`mappings` and `boundary` stop the older consumer and note how far it told, `takeover` does all of
it in order. docs/howto/takeover.md says why the order is this one.
"""
