// It opens sockets and starts processes, and is used as it is installed.
export default { serverExternalPackages: ["tenantry"] };
