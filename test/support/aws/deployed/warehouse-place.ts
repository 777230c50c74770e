/** Where the warehouse seems to be. Nothing is sent there: the processes of functions are led to this machine. */
export const warehouseHost = "warehouse.test";
export const warehouseAddress = "93.184.216.34";
