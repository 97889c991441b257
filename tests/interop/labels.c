/* Writes the texts of a header, each ended by a zero byte. */
#include <stdio.h>

#include "net.h"

int main(void)
{
    size_t k;
    for (k = 0; k < NET_CLASSES; ++k)
        fwrite(net_classes[k], 1, strlen(net_classes[k]) + 1, stdout);
    for (k = 0; k < NET_INPUTS; ++k)
        fwrite(net_features[k], 1, strlen(net_features[k]) + 1, stdout);
    return 0;
}
