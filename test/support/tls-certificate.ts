/** Of a server called `warehouse.test`, signed by itself, valid from 2020 to 2120. It guards nothing: made for tests, with openssl. */
export const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBcDCCARagAwIBAgIBATAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA53YXJlaG91
c2UudGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowGTEXMBUG
A1UEAwwOd2FyZWhvdXNlLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARj
+MYWxI/dEa5oYysA4+HhvaPNnJxFttNRDE6csQ0t8cyhyHkf5DZUdxv5ZYlV7TQR
zqQrm86neojQhWtrsQpTo00wSzAPBgNVHRMBAf8EBTADAQH/MBkGA1UdEQQSMBCC
DndhcmVob3VzZS50ZXN0MB0GA1UdDgQWBBRTQY9V9+40z5sgR7ISvb/0r1YkGDAK
BggqhkjOPQQDAgNIADBFAiBbsVtr8ySt5oGi/5020XOoFyYt1kqpZaexV1XYrL0D
sQIhAJQCHaVCJOyNdoPCCv0pAThCAUvLDPE6QQW6TdRpvDxH
-----END CERTIFICATE-----
`;

/** The key of `testCertificate`, public as everything here. */
export const testCertificateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgN8ofCgP8KKOPU5GP
KUc+/lOSu7kkRuo6RDgbIteZ0SyhRANCAARj+MYWxI/dEa5oYysA4+HhvaPNnJxF
ttNRDE6csQ0t8cyhyHkf5DZUdxv5ZYlV7TQRzqQrm86neojQhWtrsQpT
-----END PRIVATE KEY-----
`;
