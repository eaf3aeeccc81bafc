"""Calls that CloudFormation's handlers declare and never make for this template.

A handler declares the calls for all properties of its type. Each entry names the properties that
some calls are for. It holds as long as the template sets none of them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class UnusedCalls:
    """Calls for properties that the template leaves out."""

    type: str
    properties: tuple[str, ...]
    reason: str
    actions: tuple[str, ...]


TABLE = "AWS::DynamoDB::Table"
FUNCTION = "AWS::Lambda::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"
LOGS = "AWS::Logs::LogGroup"
ROLE = "AWS::IAM::Role"

UNUSED_CALLS = (
    UnusedCalls(
        TABLE,
        ("KMSMasterKeyId",),
        "the policy of the key that AWS manages lets in whoever comes through DynamoDB",
        (
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:ListAliases",
            "kms:RevokeGrant",
        ),
    ),
    UnusedCalls(
        TABLE,
        ("ImportSourceSpecification",),
        "no table is filled from S3",
        (
            "dynamodb:DescribeImport",
            "dynamodb:ImportTable",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            "s3:GetObjectMetadata",
            "s3:ListBucket",
        ),
    ),
    UnusedCalls(
        TABLE,
        (),
        "replicas are a matter of AWS::DynamoDB::GlobalTable",
        (
            "dynamodb:AssociateTableReplica",
            "dynamodb:BatchWriteItem",
            "dynamodb:CreateTableReplica",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Scan",
            "iam:CreateServiceLinkedRole",
        ),
    ),
    UnusedCalls(
        TABLE,
        ("ContributorInsightsSpecification",),
        "no table has contributor insights",
        ("dynamodb:UpdateContributorInsights",),
    ),
    UnusedCalls(
        TABLE,
        ("KinesisStreamSpecification",),
        "no table feeds a Kinesis stream",
        (
            "dynamodb:DisableKinesisStreamingDestination",
            "dynamodb:EnableKinesisStreamingDestination",
            "dynamodb:UpdateKinesisStreamingDestination",
            "kinesis:DescribeStream",
            "kinesis:PutRecords",
        ),
    ),
    UnusedCalls(
        TABLE,
        ("ResourcePolicy",),
        "no table has a policy of its own",
        ("dynamodb:DeleteResourcePolicy", "dynamodb:PutResourcePolicy"),
    ),
    UnusedCalls(
        FUNCTION,
        ("KmsKeyArn", "SourceKMSKeyArn"),
        "the policy of the key that AWS manages lets in whoever comes through Lambda",
        (
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
        ),
    ),
    UnusedCalls(
        FUNCTION,
        ("S3ObjectVersion",),
        "new code lies under a new key",
        ("s3:GetObjectVersion",),
    ),
    UnusedCalls(
        FUNCTION,
        ("VpcConfig", "FileSystemConfigs"),
        "no function is in a network or mounts anything",
        (
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "elasticfilesystem:DescribeMountTargets",
            "s3files:ListMountTargets",
        ),
    ),
    UnusedCalls(
        FUNCTION,
        ("CodeSigningConfigArn",),
        "no code is signed",
        (
            "lambda:DeleteFunctionCodeSigningConfig",
            "lambda:GetCodeSigningConfig",
            "lambda:PutFunctionCodeSigningConfig",
        ),
    ),
    UnusedCalls(
        FUNCTION,
        ("Layers",),
        "no function has layers",
        ("lambda:GetLayerVersion",),
    ),
    UnusedCalls(
        FUNCTION,
        ("RuntimeManagementConfig",),
        "Lambda chooses the version of the runtime",
        ("lambda:AssociateRuntimeAlias", "lambda:PutRuntimeManagementConfig"),
    ),
    UnusedCalls(
        FUNCTION,
        ("RecursiveLoop",),
        "Lambda's default for loops is kept",
        ("lambda:PutFunctionRecursionConfig",),
    ),
    UnusedCalls(
        FUNCTION,
        ("CapacityProviderConfig", "FunctionScalingConfig", "PublishToLatestPublished"),
        "no function runs on instances of ours",
        (
            "lambda:PassCapacityProvider",
            "lambda:PublishVersion",
            "lambda:PutFunctionScalingConfig",
        ),
    ),
    UnusedCalls(
        MAPPING,
        ("KmsKeyArn",),
        "no filter is encrypted with a key of ours",
        ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
    ),
    UnusedCalls(
        LOGS,
        ("DataProtectionPolicy",),
        "nothing is masked by the log group",
        (
            "firehose:TagDeliveryStream",
            "logs:CreateLogDelivery",
            "logs:DeleteDataProtectionPolicy",
            "logs:PutDataProtectionPolicy",
            "s3:REST.PUT.OBJECT",
        ),
    ),
    UnusedCalls(
        LOGS,
        ("ResourcePolicyDocument",),
        "no log group has a policy of its own",
        ("logs:DeleteResourcePolicy", "logs:PutResourcePolicy"),
    ),
    UnusedCalls(
        LOGS,
        ("FieldIndexPolicies",),
        "no field of the logs is indexed",
        ("logs:DeleteIndexPolicy", "logs:PutIndexPolicy"),
    ),
    UnusedCalls(
        LOGS,
        ("KmsKeyId",),
        "the logs are encrypted by CloudWatch's own key",
        ("logs:AssociateKmsKey", "logs:DisassociateKmsKey"),
    ),
    UnusedCalls(
        LOGS,
        ("BearerTokenAuthenticationEnabled", "DeletionProtectionEnabled"),
        "the log groups go with the stack, and nobody writes to them by token",
        ("logs:PutBearerTokenAuthentication", "logs:PutLogGroupDeletionProtection"),
    ),
    UnusedCalls(
        ROLE,
        ("ManagedPolicyArns",),
        "each role's one policy is written out; to attach another would be a way to more rights",
        ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
    ),
    UnusedCalls(
        ROLE,
        ("Description", "MaxSessionDuration"),
        "the roles keep IAM's defaults",
        ("iam:UpdateRole", "iam:UpdateRoleDescription"),
    ),
    UnusedCalls(
        ROLE,
        (),
        "a boundary is never taken away again",
        ("iam:DeleteRolePermissionsBoundary",),
    ),
)
