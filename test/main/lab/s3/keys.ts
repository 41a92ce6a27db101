export const KEYS = { accessKeyId: "AKIDLAB", secretAccessKey: "lab-secret" };
export const REGIONS = ["eu-west-1", "us-east-1", "ca-central-1"];
