/** Keys of the app stack's outputs that the operator's commands read; `lib/infra` writes them. */
export const outputKeys = { api: "ApiAddress", sftp: "SftpHost", egress: "EgressAddresses" } as const;

/** Keys of the data stack's outputs. */
export const dataOutputKeys = { bucket: "BucketName", accessLogs: "AccessLogsBucketName", table: "TableName" } as const;
