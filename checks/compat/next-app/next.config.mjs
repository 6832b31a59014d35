export default { serverExternalPackages: ["tenantry"] };
